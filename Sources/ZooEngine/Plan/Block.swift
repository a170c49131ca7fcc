import Glibc
import ZooKit

/// Memory for floats that lives as long as its plan.
final class Block {
  let values: UnsafeMutableBufferPointer<Float>
  let base: UnsafeMutablePointer<Float>
  var count: Int { values.count }

  init(_ count: Int) throws {
    values = try allocateFloats(count)
    guard let base = values.baseAddress else { throw ZooError.failure("no memory") }
    self.base = base
  }

  convenience init(zeros count: Int) throws {
    try self.init(count)
    values.initialize(repeating: 0)
  }

  deinit { free(base) }
}
