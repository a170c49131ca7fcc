import ZooKit

/// An augmentation as text, for the command line and for recipes: presets and single steps joined
/// by `+`, applied in that order, each step with parameters after colons.
///
/// ```swift
/// let cifar = try AugmentationScript("pad-and-crop:4+flip")
/// let cells = try AugmentationScript("scale-window:0.75..1.25+flip+vertical-flip+hsv:hue=0.02:p=0.5")
/// let more = try AugmentationScript("light+cutout")
/// ```
///
/// The first parameter may omit its name. ``steps`` lists all steps.
public struct AugmentationScript: Sendable, Equatable {
  public let text: String

  /// Throws if a word is unknown or a number is invalid.
  public init(_ text: String) throws {
    self.text = text
    _ = try plan(of: .labels)
  }

  public init(_ preset: AugmentationPlan.Preset) { text = preset.rawValue }

  public func plan(of presets: AugmentationPresets) throws -> AugmentationPlan {
    var plan = AugmentationPlan([])
    let words = text.split(separator: "+", omittingEmptySubsequences: false)
    for word in words {
      if let preset = AugmentationPlan.Preset(rawValue: String(word)) {
        plan.steps += presets[preset]
      } else {
        plan.steps.append(try Self.step(word))
      }
    }
    return plan
  }

  private static func step(_ word: Substring) throws -> any Augmentation {
    let parts = word.split(separator: ":", omittingEmptySubsequences: false)
    guard let name = parts.first, let step = steps.first(where: { $0.name == name }) else {
      let presets = AugmentationPlan.Preset.allCases.map(\.rawValue)
      let known = presets + steps.map(\.name).filter { !presets.contains($0) }
      throw ZooError.usage(
        "“\(word)” is not an augmentation; there are \(known.joined(separator: ", "))")
    }
    var numbers = try Numbers(parts.dropFirst(), of: word)
    let augmentation = try step.make(&numbers)
    try numbers.finish()
    return augmentation
  }
}

extension AugmentationScript {
  /// A word and its step.
  public struct Step: Sendable {
    public let name: String
    fileprivate let make: @Sendable (inout Numbers) throws -> any Augmentation
  }

  /// Every step, by its word.
  public static let steps: [Step] = [
    Step(name: "flip") { Flip(probability: try $0.chance(0.5)) },
    Step(name: "vertical-flip") { Flip(vertically: true, probability: try $0.chance(0.5)) },
    Step(name: "quarter-turns") { _ in QuarterTurns() },
    Step(name: "crop") { _ in RandomCrop() },
    Step(name: "pad-and-crop") {
      PadAndCrop(border: Int(try $0.number("border", 4, in: 0...4096)))
    },
    Step(name: "resized-crop") {
      RandomResizedCrop(
        scale: try $0.range("scale", 0.08...1, in: 1e-4...1),
        ratio: try $0.range("ratio", 3 / 4...4 / 3, in: 0.01...100))
    },
    Step(name: "scale-window") {
      ScaleWindow(scale: try $0.range("scale", 0.75...1.25, in: 0.01...100))
    },
    Step(name: "affine") {
      RandomAffine(
        degrees: try $0.number("degrees", 10, in: 0...360),
        scale: try $0.range("scale", 1...1, in: 0.01...100),
        shear: try $0.number("shear", 0, in: 0...80),
        translation: try $0.number("translation", 0, in: 0...1),
        mirrorsEdges: try $0.number("mirror", 0, in: 0...1) != 0, probability: try $0.chance(1))
    },
    Step(name: "elastic") {
      ElasticDeformation(
        grid: Int(try $0.number("grid", 3, in: 2...64)),
        deviation: try $0.number("deviation", 10, in: 0...1000), probability: try $0.chance(1))
    },
    Step(name: "jitter") {
      ColourJitter(
        brightness: try $0.number("brightness", 0.3, in: 0...10),
        contrast: try $0.number("contrast", 0.3, in: 0...10),
        saturation: try $0.number("saturation", 0.3, in: 0...10),
        hue: try $0.number("hue", 0.02, in: 0...0.5), probability: try $0.chance(1))
    },
    Step(name: "hsv") {
      HSVJitter(
        hue: try $0.number("hue", 0.015, in: 0...0.5),
        saturation: try $0.number("saturation", 0.4, in: 0...1),
        value: try $0.number("value", 0.3, in: 0...1), probability: try $0.chance(1))
    },
    Step(name: "grey") { RandomGrey(probability: try $0.chance(0.1)) },
    Step(name: "blur") {
      RandomBlur(
        deviation: try $0.range("deviation", 0.1...2, in: 0...100), probability: try $0.chance(0.5))
    },
    Step(name: "noise") {
      RandomNoise(
        deviation: try $0.range("deviation", 0...12, in: 0...255), probability: try $0.chance(0.5))
    },
    Step(name: "cutout") {
      Cutout(
        area: try $0.range("area", 0.02...0.2, in: 0...1),
        ratio: try $0.range("ratio", 0.3...3.3, in: 0.01...100), probability: try $0.chance(0.5))
    },
    Step(name: "mosaic") {
      Mosaic(
        probability: try $0.chance(0.5), scale: try $0.range("scale", 0.5...1, in: 0.01...1))
    },
  ]

  /// The parameters of a word. The first one that is read may have no name.
  fileprivate struct Numbers {
    private var named: [(name: Substring?, text: Substring)]
    private var isFirst = true
    private let word: Substring

    init(_ parts: ArraySlice<Substring>, of word: Substring) throws {
      self.word = word
      named = parts.map { part in
        guard let equals = part.firstIndex(of: "=") else { return (nil, part) }
        return (part[..<equals], part[part.index(after: equals)...])
      }
      if let stray = named.dropFirst().first(where: { $0.name == nil }) {
        throw ZooError.usage(
          "“\(word)”: only the first number may omit its name, “\(stray.text)” needs one")
      }
    }

    mutating func chance(_ usual: Double) throws -> Double { try number("p", usual, in: 0...1) }

    mutating func number(_ name: String, _ usual: Double, in bounds: ClosedRange<Double>) throws
      -> Double
    {
      guard let text = take(name) else { return usual }
      guard let number = Double(text), bounds.contains(number) else {
        throw wrong(name, text, "a number within \(bounds.lowerBound)..\(bounds.upperBound)")
      }
      return number
    }

    mutating func range(
      _ name: String, _ usual: ClosedRange<Double>, in bounds: ClosedRange<Double>
    ) throws -> ClosedRange<Double> {
      guard let text = take(name) else { return usual }
      guard let gap = text.indices.first(where: { text[$0...].hasPrefix("..") }),
        let low = Double(text[..<gap]), let high = Double(text[gap...].dropFirst(2)), low <= high,
        bounds.contains(low), bounds.contains(high)
      else {
        throw wrong(
          name, text, "LOW..HIGH within \(bounds.lowerBound)..\(bounds.upperBound)")
      }
      return low...high
    }

    func finish() throws {
      if let left = named.first {
        throw ZooError.usage(
          "“\(word)” takes no \(left.name.map { "“\($0)”" } ?? "“\(left.text)”")")
      }
    }

    private mutating func take(_ name: String) -> Substring? {
      defer { isFirst = false }
      let index = named.firstIndex { $0.name.map { $0 == name } ?? isFirst }
      return index.map { named.remove(at: $0).text }
    }

    private func wrong(_ name: String, _ text: Substring, _ expected: String) -> ZooError {
      .usage("“\(word)”: \(name) is “\(text)”; expected \(expected)")
    }
  }
}
