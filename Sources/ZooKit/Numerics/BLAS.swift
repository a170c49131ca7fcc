/// Matrix products by OpenBLAS, which is loaded on first use.
///
/// Matrices are row-major. The library computes on the calling thread, and products are split over
/// ``Threads``, so there is one set of threads and no other that spins.
/// ```swift
/// let blas = try BLAS.shared
/// try blas.multiply(.init(a, stride: k), .init(b, stride: n), into: c, stride: n, m, n, k)
/// ```
public struct BLAS: Sendable {
  /// One factor of a product.
  public struct Matrix {
    let pointer: UnsafePointer<Float>
    let stride: Int
    let transposed: Bool

    /// The stride is the number of elements from one stored row to the next. A transposed factor is
    /// the transpose of the stored matrix.
    public init(_ pointer: UnsafePointer<Float>, stride: Int, transposed: Bool = false) {
      self.pointer = pointer
      self.stride = stride
      self.transposed = transposed
    }

    public var transpose: Matrix { .init(pointer, stride: stride, transposed: !transposed) }

    fileprivate func from(row: Int) -> UnsafePointer<Float> {
      pointer + (transposed ? row : row * stride)
    }
    fileprivate func from(column: Int) -> UnsafePointer<Float> {
      pointer + (transposed ? column * stride : column)
    }
    fileprivate var order: Int32 { transposed ? BLAS.transpose : BLAS.noTranspose }
  }

  // cblas.h: an enumeration of C is an int.
  typealias Gemm =
    @convention(c) (
      Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32,
      UnsafePointer<Float>, Int32, Float, UnsafeMutablePointer<Float>, Int32
    ) -> Void
  typealias Gemv =
    @convention(c) (
      Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32, UnsafePointer<Float>, Int32,
      Float, UnsafeMutablePointer<Float>, Int32
    ) -> Void
  private static let rowMajor: Int32 = 101, noTranspose: Int32 = 111, transpose: Int32 = 112

  let gemm: Gemm
  let gemv: Gemv
  /// The file it was loaded from, and its kernels.
  public let library: Library

  /// The one library of this process, or the error that loading it gave.
  public static var shared: BLAS { get throws { try loaded.get() } }

  /// c ← α·a·b + β·c, where a has m rows, b has n columns and the inner axis has k.
  public func multiply(
    _ a: Matrix, _ b: Matrix, alpha: Float = 1, beta: Float = 0,
    into c: UnsafeMutablePointer<Float>, stride: Int, _ m: Int, _ n: Int, _ k: Int
  ) throws {
    let (ka, kb, kc) = (try blasInt(a.stride), try blasInt(b.stride), try blasInt(stride))
    let (rows, columns, inner) = (try blasInt(m), try blasInt(n), try blasInt(k))
    // About a tenth of the work of a memory-bound loop that takes the same time.
    let work = k / 16 + 1
    let isWide = n >= m
    split(max(m, n), cost: min(m, n) * work) { range in
      let (start, size) = (range.lowerBound, Int32(range.count))
      gemm(
        BLAS.rowMajor, a.order, b.order, isWide ? rows : size, isWide ? size : columns, inner,
        alpha, isWide ? a.pointer : a.from(row: start), ka,
        isWide ? b.from(column: start) : b.pointer, kb, beta, c + start * (isWide ? 1 : stride), kc)
    }
  }

  /// y ← α·a·x + β·y, where a is m×n.
  public func multiply(
    _ a: Matrix, vector x: UnsafePointer<Float>, alpha: Float = 1, beta: Float = 0,
    into y: UnsafeMutablePointer<Float>, _ m: Int, _ n: Int
  ) throws {
    let (stride, columns, _) = (try blasInt(a.stride), try blasInt(n), try blasInt(m))
    split(m, cost: n) { range in
      let rows = Int32(range.count)
      gemv(
        BLAS.rowMajor, a.order, a.transposed ? columns : rows, a.transposed ? rows : columns, alpha,
        a.from(row: range.lowerBound), stride, x, 1, beta, y + range.lowerBound, 1)
    }
  }

  /// Pieces do not depend on the number of threads, because the library computes the edges of a narrower
  /// matrix in another order. A piece is wide enough for packing the other factor again.
  private func split(_ size: Int, cost: Int, _ body: (Range<Int>) -> Void) {
    Threads.split(size, cost: cost, multiple: 16, pieces: min(16, size / 96 + 1), body)
  }

  private func blasInt(_ size: Int) throws -> Int32 {
    guard let size = Int32(exactly: size) else {
      throw ZooError.failure("a matrix with an axis of \(size) is too large for BLAS")
    }
    return size
  }
}
