import ZooData
import ZooKit
import ZooTraining

/// A loader as the trainer's source: its pictures under the name of the network's input, what is
/// true of them under the names of the objective's targets.
struct SampleSource: BatchSource {
  let loader: Loader
  /// What the network calls its picture.
  let input: String
  let fingerprint: String
  let targets: @Sendable (SampleBatch) throws -> [String: Target]

  var count: Int { loader.split.count }
  var isFixed: Bool { loader.augmentation.isEmpty }

  func batch(_ items: [Int], epoch: Int, random: Random) throws -> Batch {
    let samples = try loader.batch(of: items, epoch: epoch)
    if let broken = samples.broken.first {
      throw ZooError.corrupt(
        "\(broken.name) could be read when the run began, now it cannot: \(broken.reason)")
    }
    return Batch(inputs: [input: samples.input], targets: try targets(samples))
  }
}
