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
    // Pages returned to the system are zero when they are next touched, so half a gigabyte need not
    // be zeroed now.
    let page = 1 << 21
    let whole = 4 * count / page * page
    let given = whole > 0 && madvise(base, whole, MADV_DONTNEED) == 0 ? whole / 4 : 0
    (base + given).update(repeating: 0, count: count - given)
  }

  deinit { free(base) }
}
