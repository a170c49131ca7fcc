import CZoo
import Glibc

/// A contiguous float32 array with value semantics, outermost axis first.
///
/// ```swift
/// var picture = try Tensor(zeros: [1, 3, 224, 224])
/// picture.withMutableValues { $0[0] = 1 }
/// ```
public struct Tensor: Sendable {
  public let shape: Shape
  private var storage: Storage

  public var count: Int { storage.count }

  /// Uninitialised memory, filled by the closure.
  public init(
    _ shape: Shape, filledBy fill: (UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws {
    self.shape = shape
    storage = try Storage(count: shape.count)
    try fill(storage.values)
  }

  public init(zeros shape: Shape) throws {
    try self.init(shape) { $0.initialize(repeating: 0) }
  }

  public init(_ shape: Shape, _ values: some Collection<Float>) throws {
    guard values.count == shape.count else {
      throw ZooError.failure("\(values.count) values do not fill a tensor of \(shape)")
    }
    try self.init(shape) { _ = $0.initialize(from: values) }
  }

  public func withValues<R>(_ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
    try withExtendedLifetime(storage) { try body(UnsafeBufferPointer(storage.values)) }
  }

  /// Copies first if another tensor shares the memory.
  public mutating func withMutableValues<R>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws -> R
  ) throws -> R {
    if !isKnownUniquelyReferenced(&storage) {
      let copy = try Storage(count: storage.count)
      _ = copy.values.update(from: storage.values)
      storage = copy
    }
    return try body(storage.values)
  }

  public var values: [Float] { withValues(Array.init) }

  /// The same numbers with another shape of the same size.
  public func reshaped(_ shape: Shape) -> Tensor {
    precondition(shape.count == count, "\(self.shape) cannot be reshaped to \(shape)")
    return Tensor(shape: shape, storage: storage)
  }

  private init(shape: Shape, storage: Storage) {
    self.shape = shape
    self.storage = storage
  }
}

/// Memory for floats, aligned for vector instructions. Large blocks request huge pages, because
/// touching 500 MB in 4 KB pages costs more than reading them from the file cache.
///
/// `@unchecked Sendable`: written only while uniquely referenced, by the tensor that owns it.
private final class Storage: @unchecked Sendable {
  let values: UnsafeMutableBufferPointer<Float>
  var count: Int { values.count }

  init(count: Int) throws {
    values = try allocateFloats(count)
  }

  deinit { free(values.baseAddress) }
}

/// Returns freed blocks of 256 kB or more to the system. By default the C library raises this
/// threshold to the largest block ever freed, and the weights of a network, freed one after another
/// while others are packed, stay resident as holes.
private let givesBack = zoo_give_back_from(256 << 10) != 0

/// Uninitialised floats on a 64-byte boundary; free them with `free`.
package func allocateFloats(_ count: Int) throws -> UnsafeMutableBufferPointer<Float> {
  let (bytes, overflow) = max(count, 1).multipliedReportingOverflow(by: 4)
  let large = bytes >= 8 << 20
  _ = givesBack
  var memory: UnsafeMutableRawPointer?
  guard !overflow, count >= 0, bytes < 1 << 16 || zoo_has_room(bytes) != 0,
    posix_memalign(&memory, large ? 2 << 20 : 64, bytes) == 0,
    let memory
  else {
    throw ZooError.system("not enough memory for \(count) numbers (\(bytes >> 20) MB)")
  }
  if large { madvise(memory, bytes, MADV_HUGEPAGE) }
  return .init(start: memory.bindMemory(to: Float.self, capacity: count), count: count)
}
