import ZooKit
import ZooVision

/// The augmentation of a training set, step by step; empty means none.
public struct AugmentationPlan: Sendable {
  public enum Preset: String, Sendable, CaseIterable { case none, flip, light, standard }

  public var steps: [any Augmentation]
  /// Mixes the samples of a batch; classification only.
  public var mixing: Mixing?

  public init(_ steps: [any Augmentation], mixing: Mixing? = nil) {
    self.steps = steps
    self.mixing = mixing
  }

  public init(_ preset: Preset, of presets: AugmentationPresets) { self.init(presets[preset]) }

  public var isEmpty: Bool { steps.isEmpty && mixing == nil }

  /// Whether a step produces the network's size, so that the others see the whole picture.
  var fixesSize: Bool { steps.contains { $0.fixesSize } }

  /// The sample as the network sees it in this epoch.
  ///
  /// If a step chooses the window, it works in the decoded picture, which is then resized only
  /// once. Otherwise the checkpoint's resize and crop come first.
  public func applied(
    to sample: Sample, _ preprocessing: Preprocessing, random: Random,
    other: @escaping @Sendable (UInt64) throws -> Sample
  ) throws -> Sample {
    // A window may stretch the picture. If evaluation keeps the proportion, so does training.
    var isWhole = fixesSize
    if case .letterbox = preprocessing.resize { isWhole = false }
    var sample = isWhole ? sample : try sample.placed(by: preprocessing)
    let size =
      try isWhole
      ? preprocessing.placement(of: sample.size).shown.size : sample.size
    for (index, step) in steps.enumerated() {
      sample = try step.applied(
        to: sample,
        AugmentationContext(
          random: random.key(index), size: size, interpolation: preprocessing.interpolation,
          other: other))
    }
    return try sample.resized(to: size, interpolation: preprocessing.interpolation)
  }
}
