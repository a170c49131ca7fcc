import Synchronization
import ZooKit

/// Tensors to be written again, for callers on any number of threads: the pages of a new one are cleared
/// first, which costs as much as filling it.
final class SpareTensors: Sendable {
  private let spares = Mutex<[Tensor]>([])

  /// The most that are kept.
  private static let capacity = 8

  /// A tensor of any content, which nothing else holds.
  func take(_ shape: Shape) throws -> Tensor {
    let spare = spares.withLock { spares in
      spares.lastIndex { $0.shape == shape }.map { spares.remove(at: $0) }
    }
    return try spare ?? Tensor(zeros: shape)
  }

  func give(_ tensor: consuming Tensor) {
    spares.withLock { [tensor] spares in
      if spares.count == Self.capacity { spares.removeFirst() }
      spares.append(tensor)
    }
  }
}
