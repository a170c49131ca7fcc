import Glibc
import ZooKit

/// The two routines of dense linear algebra in float64 that principal components need, from OpenBLAS.
/// It computes them on one thread, so results do not depend on the number of threads.
struct LAPACK {
  // cblas.h
  private typealias Square =
    @convention(c) (
      Int32, Int32, Int32, Int32, Int32, Double, UnsafePointer<Double>, Int32, Double,
      UnsafeMutablePointer<Double>, Int32
    ) -> Void
  // Fortran passes pointers, and the lengths of texts at the end.
  private typealias Word = UnsafePointer<CChar>
  private typealias Number = UnsafeMutablePointer<Int32>
  private typealias Numbers = UnsafeMutablePointer<Double>
  private typealias Eigen =
    @convention(c) (
      Word, Word, Word, Number, Numbers, Number, Numbers, Numbers, Number, Number, Numbers, Number,
      Numbers, Numbers, Number, Number, Numbers, Number, Number, Number, Number, Int, Int, Int
    ) -> Void

  private let square: Square
  private let eigen: Eigen

  init() throws {
    let path = try BLAS.shared.library.path
    // Debian's OpenBLAS contains LAPACK; others leave it to a library of its own.
    let names: [String] = [path, "liblapack.so.3"]
    let handles = names.compactMap { dlopen($0, RTLD_NOW | RTLD_LOCAL) }
    guard let square = handles.first.flatMap({ dlsym($0, "cblas_dsyrk") }),
      let eigen = handles.compactMap({ dlsym($0, "dsyevr_") }).first
    else {
      throw ZooError.unavailable(
        "\(path) has no LAPACK (dsyevr), and there is no liblapack.so.3 "
          + "(Debian and Ubuntu: apt install liblapack3)")
    }
    self.square = unsafeBitCast(square, to: Square.self)
    self.eigen = unsafeBitCast(eigen, to: Eigen.self)
  }

  /// Adds a·aᵀ to the upper half of c, or aᵀ·a if `inner`, where a is m×n.
  func addSquare(of a: [Double], _ m: Int, _ n: Int, inner: Bool, to c: inout [Double]) {
    let size = inner ? n : m
    square(
      101, 121, inner ? 112 : 111, Int32(size), Int32(inner ? m : n), 1, a, Int32(n), 1, &c,
      Int32(size))
  }

  /// The largest eigenvalues of a symmetric matrix, whose upper half is given, and their vectors: the
  /// largest first.
  func largest(_ count: Int, of matrix: [Double], _ size: Int) throws
    -> (values: [Double], vectors: [[Double]])
  {
    var matrix = matrix
    var (n, stride, vectorStride) = (Int32(size), Int32(size), Int32(size))
    var (found, info) = (Int32(0), Int32(0))
    var (first, last) = (Int32(size - count + 1), Int32(size))
    var (low, high, tolerance) = (0.0, 0.0, 0.0)
    var values = [Double](repeating: 0, count: size)
    var vectors = [Double](repeating: 0, count: size * count)
    var support = [Int32](repeating: 0, count: 2 * size)
    var (work, workSize) = ([0.0], Int32(-1))
    var (integers, integersSize) = ([Int32(0)], Int32(-1))
    // The first call asks how much memory the second needs. A row-major upper half is Fortran's lower.
    for _ in 0..<2 {
      eigen(
        "V", "I", "L", &n, &matrix, &stride, &low, &high, &first, &last, &tolerance, &found,
        &values, &vectors, &vectorStride, &support, &work, &workSize, &integers, &integersSize,
        &info, 1, 1, 1)
      guard info == 0 else {
        throw ZooError.failure("LAPACK finds no eigenvalues of a \(size)×\(size) matrix (\(info))")
      }
      if workSize < 0 {
        (workSize, integersSize) = (Int32(work[0]), integers[0])
        work = [Double](repeating: 0, count: Int(workSize))
        integers = [Int32](repeating: 0, count: Int(integersSize))
      }
    }
    let order = (0..<count).reversed()
    return (
      order.map { values[$0] }, order.map { Array(vectors[$0 * size..<($0 + 1) * size]) }
    )
  }
}
