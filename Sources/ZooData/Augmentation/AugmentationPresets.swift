/// Presets for one kind of ground truth.
///
/// `flip` mirrors half of the pictures and does nothing else, so a frozen prefix sees each picture in
/// two versions, however long the run. `light` suits a few hundred pictures and a frozen backbone,
/// `standard` deeper or longer training. Letters, arrows and left hands do not survive a flip: write
/// the steps out instead of using a preset.
public struct AugmentationPresets: Sendable {
  public var flip: [any Augmentation]
  public var light: [any Augmentation]
  public var standard: [any Augmentation]

  public init(
    flip: [any Augmentation] = [Flip()], light: [any Augmentation], standard: [any Augmentation]
  ) {
    (self.flip, self.light, self.standard) = (flip, light, standard)
  }

  public subscript(preset: AugmentationPlan.Preset) -> [any Augmentation] {
    switch preset {
    case .none: []
    case .flip: flip
    case .light: light
    case .standard: standard
    }
  }
}

extension AugmentationPresets {
  /// For labels of whole pictures.
  public static let labels = AugmentationPresets(
    light: [RandomResizedCrop(scale: 0.5...1), Flip()],
    standard: [
      RandomResizedCrop(), Flip(),
      ColourJitter(brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.02),
      Cutout(probability: 0.25),
    ])

  /// For masks of pictures without up and down.
  public static let masks = AugmentationPresets(
    light: [Flip(), Flip(vertically: true), QuarterTurns()],
    standard: [
      Flip(), Flip(vertically: true), QuarterTurns(),
      RandomAffine(degrees: 15, scale: 0.85...1.2, shear: 5, mirrorsEdges: true, probability: 0.5),
      ElasticDeformation(probability: 0.5), ColourJitter(brightness: 0.2, contrast: 0.2),
      RandomNoise(deviation: 0...6, probability: 0.3),
    ])

  /// For boxes.
  public static let boxes = AugmentationPresets(
    light: [ScaleWindow(), Flip()], standard: [Mosaic(), ScaleWindow(), Flip(), HSVJitter()])

  /// For numbers. A flip changes the sign of a yaw angle and a crop the apparent size, so nothing
  /// moves unless a step asks for it; only colours and noise vary.
  public static let numbers = AugmentationPresets(
    light: [ColourJitter(brightness: 0.2, contrast: 0.2)],
    standard: [
      ColourJitter(brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.02),
      RandomNoise(deviation: 0...6, probability: 0.3),
    ])
}
