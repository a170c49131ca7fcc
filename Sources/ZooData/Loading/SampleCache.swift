import Synchronization
import ZooKit
import ZooVision

/// Decoded samples, up to a memory limit.
///
/// The first samples stay and none is evicted: an epoch visits every item, so the most recently
/// used one is needed last.
final class SampleCache: Sendable {
  private struct State {
    var samples: [Int: Sample] = [:]
    var bytes = 0
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) { self.limit = limit }

  /// The cached sample, or a new one.
  func sample(_ index: Int, _ make: () throws -> Sample) throws -> Sample {
    guard limit > 0 else { return try make() }
    if let sample = state.withLock({ $0.samples[index] }) { return sample }
    let sample = try make()
    var bytes = sample.picture.count
    if case .mask(let mask) = sample.truth { bytes += mask.count }
    state.withLock { state in
      guard state.samples[index] == nil, state.bytes + bytes <= limit else { return }
      state.samples[index] = sample
      state.bytes += bytes
    }
    return sample
  }

  var bytes: Int { state.withLock(\.bytes) }
}
