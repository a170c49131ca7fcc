import ZooKit
import ZooVision

/// What is done to the pictures of a training set, step by step; nothing where it is empty.
public struct AugmentationPlan: Sendable {
  public enum Preset: String, Sendable, CaseIterable { case none, flip, light, standard }

  public var steps: [any Augmentation]
  /// Joins the samples of a batch; classification only.
  public var mixing: Mixing?

  public init(_ steps: [any Augmentation], mixing: Mixing? = nil) {
    self.steps = steps
    self.mixing = mixing
  }

  /// A good start for a task.
  ///
  /// `flip` shows the left as the right, half of the time, and nothing else: a frozen beginning sees
  /// each picture twice, however long a run is. `light` is what a few hundred pictures and a frozen backbone bear; `standard` is for training
  /// that goes deeper or longer. Letters, arrows and left hands are not what they were after a
  /// flip: who classifies those leaves the presets and writes the steps down.
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

  /// One of the steps makes the size right, so that the others see the whole picture.
  var fixesSize: Bool { steps.contains { $0.fixesSize } }

  /// The sample as the network is to see it in this epoch.
  ///
  /// Where a step chooses the network's window by itself, it does so in the decoded picture, which
  /// is never resized twice. Where none does, the checkpoint's own window comes first.
  public func applied(
    to sample: Sample, _ preprocessing: Preprocessing, random: Random,
    other: @escaping @Sendable (UInt64) throws -> Sample
  ) throws -> Sample {
    // A window is stretched; what is judged with its proportion kept is learned so.
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
