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

  /// A sensible default for a task.
  ///
  /// `flip` only mirrors the picture, half of the time, so a frozen prefix processes each picture
  /// twice, however long the run. `light` suits a few hundred pictures and a frozen backbone;
  /// `standard` is for longer training or of more layers. A flip changes the meaning of letters,
  /// arrows and left hands: for these, list steps instead of using a preset.
  public init(_ preset: Preset, for task: VisionTask) {
    mixing = nil
    switch (preset, task) {
    case (.none, _): steps = []
    case (.flip, _): steps = [Flip()]
    case (.light, .classification): steps = [RandomResizedCrop(scale: 0.5...1), Flip()]
    case (.standard, .classification):
      steps = [
        RandomResizedCrop(), Flip(),
        ColourJitter(brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.02),
        Cutout(probability: 0.25),
      ]
    case (.light, .segmentation): steps = [Flip(), Flip(vertically: true), QuarterTurns()]
    case (.standard, .segmentation):
      steps = [
        Flip(), Flip(vertically: true), QuarterTurns(),
        RandomAffine(
          degrees: 15, scale: 0.85...1.2, shear: 5, mirrorsEdges: true, probability: 0.5),
        ElasticDeformation(probability: 0.5),
        ColourJitter(brightness: 0.2, contrast: 0.2),
        RandomNoise(deviation: 0...6, probability: 0.3),
      ]
    case (.light, .detection): steps = [ScaleWindow(), Flip()]
    case (.standard, .detection):
      steps = [Mosaic(), ScaleWindow(), Flip(), HSVJitter()]
    }
  }

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
