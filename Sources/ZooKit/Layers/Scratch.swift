import Glibc

/// Temporary memory for a layer while it runs; the next layer reuses it.
public final class Scratch {
  private var memory = UnsafeMutableBufferPointer<Float>(start: nil, count: 0)

  public init() {}
  deinit { free(memory.baseAddress) }

  /// Uninitialised room for `count` floats, valid until the next call.
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
