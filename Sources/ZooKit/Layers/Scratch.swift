import Glibc

/// Memory that a layer borrows while it runs and that the next layer borrows again.
public final class Scratch {
  private var memory = UnsafeMutableBufferPointer<Float>(start: nil, count: 0)

  public init() {}
  deinit { free(memory.baseAddress) }

  /// Room for so many floats, holding anything; valid until the next call.
  public func floats(_ count: Int) throws -> UnsafeMutablePointer<Float> {
    if memory.count < count || memory.baseAddress == nil {
      free(memory.baseAddress)
      memory = .init(start: nil, count: 0)
      memory = try allocateFloats(count)
    }
    guard let base = memory.baseAddress else { throw ZooError.failure("no scratch memory") }
    return base
  }
}
