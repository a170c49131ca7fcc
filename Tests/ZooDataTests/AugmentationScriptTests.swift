import Testing
import ZooData
import ZooKit

/// Structures print every number that they hold.
private func steps(_ text: String, _ presets: AugmentationPresets = .labels) throws -> String {
  "\(try AugmentationScript(text).plan(of: presets).steps)"
}

struct AugmentationScriptTests {
  @Test func wordsAndNumbersBecomeSteps() throws {
    let cifar: [any Augmentation] = [PadAndCrop(border: 4), Flip()]
    #expect(try steps("pad-and-crop:4+flip") == "\(cifar)")
    let cells: [any Augmentation] = [
      ScaleWindow(scale: 0.5...1.5), Flip(vertically: true, probability: 0.25),
      HSVJitter(hue: 0.1, saturation: 0.4, value: 0.5, probability: 0.75),
      RandomAffine(degrees: 15, scale: 0.9...1.1, shear: 5, mirrorsEdges: true, probability: 0.5),
    ]
    #expect(
      try steps(
        "scale-window:0.5..1.5+vertical-flip:0.25+hsv:value=0.5:hue=0.1:p=0.75"
          + "+affine:15:scale=0.9..1.1:shear=5:mirror=1:p=0.5") == "\(cells)")
  }

  @Test func presetsAreWordsToo() throws {
    for presets in [AugmentationPresets.labels, .masks, .boxes] {
      for preset in AugmentationPlan.Preset.allCases {
        let plan = AugmentationPlan(preset, of: presets)
        #expect(try steps(preset.rawValue, presets) == "\(plan.steps)")
        #expect(try steps("\(preset.rawValue)+grey", presets) == "\(plan.steps + [RandomGrey()])")
      }
    }
  }

  /// A word alone does what the type does by itself.
  @Test func everyStepHasUsualNumbers() throws {
    for step in AugmentationScript.steps {
      #expect(try AugmentationScript(step.name).plan(of: .boxes).steps.count == 1)
    }
    let usual: [any Augmentation] = [
      Flip(), QuarterTurns(), RandomCrop(), PadAndCrop(), RandomResizedCrop(), ScaleWindow(),
      RandomAffine(), ElasticDeformation(), HSVJitter(), RandomGrey(), RandomBlur(), RandomNoise(),
      Cutout(), Mosaic(),
    ]
    let words =
      "flip+quarter-turns+crop+pad-and-crop+resized-crop+scale-window+affine+elastic+hsv+grey+blur"
      + "+noise+cutout+mosaic"
    #expect(try steps(words) == "\(usual)")
  }

  @Test(arguments: [
    ("", "“” is not an augmentation; there are none, flip"),
    ("flip++grey", "“” is not an augmentation"),
    ("flop", "“flop” is not an augmentation"),
    ("flip:2", "“flip:2”: p is “2”; expected a number within 0.0..1.0"),
    ("flip:nan", "“flip:nan”: p is “nan”"),
    ("flip:p=", "p is “”"),
    ("flip:0.5:0.5", "only the first number may omit its name, “0.5” needs one"),
    ("flip:0.5:p=0.5", "takes no “p”"),
    ("quarter-turns:1", "takes no “1”"),
    ("pad-and-crop:1e9", "a number within 0.0..4096.0"),
    ("scale-window:1.2..0.8", "expected LOW..HIGH within 0.01..100.0"),
    ("scale-window:1.2", "LOW..HIGH"),
    ("scale-window:0.8...1.2", "LOW..HIGH"),
    ("hsv:hue=0.1:hue=0.2", "takes no “hue”"),
    ("hsv:colour=1", "takes no “colour”"),
  ])
  func whatIsNoneIsSaid(_ text: String, _ message: String) throws {
    let error = #expect(throws: ZooError.self) { try AugmentationScript(text) }
    #expect(error?.kind == .usage)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }
}
