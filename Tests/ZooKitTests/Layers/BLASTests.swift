import TestSupport
import Testing
import ZooKit

struct BLASTests {
  static let sizes = [(1, 1, 1), (3, 5, 7), (33, 130, 64), (200, 17, 90), (64, 300, 1)]

  /// Small and split products, with either factor transposed, and padding at the ends of rows.
  @Test(arguments: sizes, [(false, false), (true, false), (false, true), (true, true)])
  func multiplies(_ size: (Int, Int, Int), _ transposed: (Bool, Bool)) throws {
    let (m, n, k) = size
    let (strideA, strideB, strideC) = (
      (transposed.0 ? m : k) + 2, (transposed.1 ? k : n) + 1, n + 3
    )
    let a = (0..<max(m, k) * strideA).map { Formula.unit("a", $0) }
    let b = (0..<max(n, k) * strideB).map { Formula.unit("b", $0) }
    var c = (0..<m * strideC).map { Formula.unit("c", $0) }
    var expected = c
    for row in 0..<m {
      for column in 0..<n {
        let sum = (0..<k).reduce(0.0) { sum, i in
          let x = a[transposed.0 ? i * strideA + row : row * strideA + i]
          let y = b[transposed.1 ? column * strideB + i : i * strideB + column]
          return sum + Double(x) * Double(y)
        }
        let place = row * strideC + column
        expected[place] = Float(0.5 * sum + 2 * Double(c[place]))
      }
    }
    let blas = try BLAS.shared
    try a.withUnsafeBufferPointer { a in
      try b.withUnsafeBufferPointer { b in
        try c.withUnsafeMutableBufferPointer { c in
          try blas.multiply(
            .init(a.baseAddress!, stride: strideA, transposed: transposed.0),
            .init(b.baseAddress!, stride: strideB, transposed: transposed.1), alpha: 0.5, beta: 2,
            into: c.baseAddress!, stride: strideC, m, n, k)
        }
      }
    }
    #expect(relativeError(c, expected) <= 1e-6)
  }

  @Test(arguments: [false, true])
  func multipliesVectors(_ transposed: Bool) throws {
    let (m, n) = (300, 210)
    let a = (0..<m * n).map { Formula.unit("a", $0) }
    let x = (0..<n).map { Formula.unit("x", $0) }
    var y = [Float](repeating: .nan, count: m)
    let expected = (0..<m).map { row in
      Float(
        (0..<n).reduce(0.0) {
          $0 + Double(a[transposed ? $1 * m + row : row * n + $1]) * Double(x[$1])
        })
    }
    try BLAS.shared.multiply(
      .init(a, stride: transposed ? m : n, transposed: transposed), vector: x, into: &y, m, n)
    #expect(relativeError(y, expected) <= 1e-6)
  }

  @Test func saysWhatItIs() throws {
    let library = try BLAS.shared.library
    #expect(library.path.contains("libopenblas"))
    #expect(library.configuration.contains("OpenBLAS"))
    #expect(library.core != "unknown" && !library.reason.isEmpty)
  }

  @Test func tooLargeAnAxisIsAnError() throws {
    var c: [Float] = [0]
    #expect(throws: ZooError.self) {
      try BLAS.shared.multiply(
        .init(c, stride: 1 << 31), .init(c, stride: 1), into: &c, stride: 1, 1, 1, 1)
    }
  }

  /// Every index once, for any number of pieces.
  @Test(arguments: [0, 1, 15, 16, 100_000], [1, 7, 16])
  func splitCoversEverything(_ count: Int, _ multiple: Int) {
    let visits = UnsafeMutableBufferPointer<Int>.allocate(capacity: count)
    defer { visits.deallocate() }
    visits.initialize(repeating: 0)
    nonisolated(unsafe) let seen = visits
    Threads.split(count, cost: 10_000, multiple: multiple) { range in
      for index in range { seen[index] += 1 }
    }
    #expect(visits.allSatisfy { $0 == 1 })
  }
}
