import ZooData
import ZooKit
import ZooTraining

/// A loader as the trainer's source.
struct SampleSource: BatchSource {
  let loader: Loader
  let fingerprint: String
  /// Converts a batch to inputs and targets, by the names that the network and its losses use.
  let named: @Sendable (SampleBatch) throws -> Batch

  var count: Int { loader.split.count }
  var isFixed: Bool { loader.augmentation.isEmpty }

  func batch(_ items: [Int], epoch: Int, random: Random) throws -> Batch {
    let samples = try loader.batch(of: items, epoch: epoch)
    if let broken = samples.broken.first {
      throw ZooError.corrupt(
        "\(broken.name) cannot be read any more: \(broken.reason)")
    }
    return try named(samples)
  }
}
