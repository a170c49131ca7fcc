import Foundation
import ModelZoo
import TestSupport
import Testing
import UNet

/// Pictures of every size through small U-Nets, whole and in tiles.
@Suite(.serialized)
struct SegmentationTests {
  /// A checkpoint of a small network with the weights of `Formula`. With a single class, its bias
  /// makes about half of a picture show it.
  static func model(
    _ network: UNet, classes: [String], resize: Preprocessing.Resize = .none,
    crop: Window.Size? = nil
  ) throws -> Model {
    let variant = Variant(name: "small", architecture: network)
    let isGrey = network.encoder == .unpadded
    let side = network.tiling.side(for: 32)
    let input: Shape = [isGrey ? 1 : 3, side, side]
    let graph = try variant.graph(head: .original(classes: classes.count), input: input)
    let values = Array(repeating: Float(0.5), count: input.channels)
    let checkpoint = Checkpoint(
      family: variant.family, variant: "small", task: .segmentation, classes: classes,
      input: input,
      preprocessing: Preprocessing(
        resize: resize, crop: crop, channels: isGrey ? .grey : .rgb, mean: values,
        std: values.map { $0 / 2 }), provenance: .init())
    var weights = try Formula.weights(for: graph)
    func model() -> Model {
      Model(
        name: "small", checkpoint: checkpoint, variant: variant, graph: graph, weights: weights)
    }
    if classes.count == 1, let bias = weights["conv.bias"] {
      var numbers = checkpoint.preprocessing
      numbers.resize = .exact(height: side, width: side)
      numbers.crop = nil
      let input = try numbers.tensor(from: [picture(96, 96)])
      let logits = try model().run(input, engine: .openblas)["logits"]?.values.sorted() ?? []
      weights["conv.bias"] = try Tensor([1], [bias.values[0] - logits[logits.count / 2]])
    }
    return model()
  }

  static func picture(_ width: Int, _ height: Int) throws -> Picture {
    let levels = (0..<width * height * 3).map { index -> UInt8 in
      let (x, y) = (index / 3 % width, index / 3 / width)
      return UInt8((128 + 100 * Formula.unit("tone \(x / 6) \(y / 6) \(index % 3)", 0)))
    }
    return try Picture(width: width, height: height, channels: 3, pixels: levels)
  }

  private func segmented(_ model: Model, _ picture: Picture, longest: Int = 1024) throws
    -> Segmentation
  {
    try SemanticSegmenter(model, engine: .openblas, precision: .fp32, longest: longest)
      .segment(picture)
  }

  /// The mask is the sign of the network's output.
  @Test func isWhatTheNetworkSays() throws {
    let model = try SegmentationTests.model(UNet(.padded, width: 4, depth: 2), classes: ["cell"])
    let picture = try SegmentationTests.picture(48, 36)
    let input = try model.checkpoint.preprocessing.tensor(from: [picture])
    let logits = try #require(model.run(input, engine: .openblas)["logits"])
    let answer = try segmented(model, picture)
    #expect(answer.mask.pixels == logits.values.map { $0 > 0 ? 1 : 0 })
    #expect(answer.areas.map(\.name) == ["background", "cell"] && answer.background == 0)
    #expect(answer.areas.map(\.index) == [0, 1])
    let share = Double(logits.values.count { $0 > 0 }) / Double(logits.count)
    #expect(answer.areas[1].fraction == share && share > 0.05 && share < 0.95)
    #expect(abs(answer.areas[0].fraction + share - 1) < 1e-12)
  }

  /// With several classes every pixel has the most probable one.
  @Test func choosesTheLikeliestOfSeveral() throws {
    let names = ["nucleus", "membrane", "vesicle"]
    let model = try SegmentationTests.model(UNet(.padded, width: 4, depth: 2), classes: names)
    let picture = try SegmentationTests.picture(40, 24)
    let input = try model.checkpoint.preprocessing.tensor(from: [picture])
    let logits = try #require(model.run(input, engine: .openblas)["logits"]).values
    let answer = try segmented(model, picture)
    let plane = 40 * 24
    let expected = (0..<plane).map { place in
      UInt8((0..<3).max { logits[$0 * plane + place] < logits[$1 * plane + place] } ?? 0)
    }
    #expect(answer.mask.pixels == expected)
    #expect(answer.areas.map(\.name) == names && answer.background == nil)
  }

  /// If the overlap of tiles exceeds the reach, tiles give the same result as the whole picture:
  /// with padding, blended, and without, cut.
  @Test(arguments: [
    UNet(.padded, width: 4, depth: 1), UNet(.padded, width: 4, depth: 1, rise: .bilinear),
    UNet(.unpadded, width: 4, depth: 2),
  ])
  func tilesAreSeamless(_ network: UNet) throws {
    let model = try SegmentationTests.model(network, classes: ["cell", "membrane"])
    // The reach at depth 1 is 10, less than an eighth of a tile.
    let picture = try SegmentationTests.picture(211, 150)
    let whole = try segmented(model, picture, longest: 256)
    let tiled = try segmented(model, picture, longest: 96)
    #expect(whole.mask.size == picture.size && tiled.mask.size == picture.size)
    let different = zip(whole.mask.pixels, tiled.mask.pixels).count { $0 != $1 }
    // A few values that are equal except for rounding may fall to either side.
    #expect(different <= 3, "\(different) of \(whole.mask.pixels.count) pixels")
    #expect(whole.areas.allSatisfy { $0.fraction > 0.01 })
  }

  /// Progress is reported in tiles.
  @Test func saysHowManyTilesAreDone() throws {
    let model = try SegmentationTests.model(UNet(.padded, width: 4, depth: 1), classes: ["cell"])
    let picture = try SegmentationTests.picture(211, 150)
    for (longest, tiles) in [(96, 6), (256, 0)] {
      var told: [[Int]] = []
      _ = try SemanticSegmenter(model, engine: .openblas, precision: .fp32, longest: longest)
        .segment(picture) { told.append([$0, $1]) }
      #expect(told == (0..<tiles).map { [$0 + 1, tiles] })
    }
  }

  /// If the reach exceeds the overlap, the difference is small.
  @Test func deepNetworksAreBlended() throws {
    let model = try SegmentationTests.model(
      UNet(.padded, width: 4, depth: 3), classes: ["cell"])
    let picture = try SegmentationTests.picture(200, 130)
    let answer = try segmented(model, picture, longest: 256)
    #expect(answer.areas.allSatisfy { $0.fraction > 0.05 })
    let whole = answer.mask.pixels
    let tiled = try segmented(model, picture, longest: 96).mask.pixels
    let different = zip(whole, tiled).count { $0 != $1 }
    #expect(different * 50 < whole.count, "\(different) of \(whole.count) pixels")
  }

  @Test(arguments: [(1, 1), (1, 90), (90, 1), (17, 3), (33, 31)])
  func takesEverySize(width: Int, height: Int) throws {
    for network in [UNet(.padded, width: 4, depth: 2), UNet(.unpadded, width: 4, depth: 2)] {
      let model = try SegmentationTests.model(network, classes: ["cell", "membrane"])
      let answer = try segmented(model, try SegmentationTests.picture(width, height))
      #expect(answer.mask.width == width && answer.mask.height == height)
      #expect(answer.areas.reduce(0) { $0 + $1.fraction } == 1)
    }
  }

  /// 50 megapixels; the network is a single convolution, so this tests only the tiles.
  @Test func takesLargePictures() throws {
    let variant = Variant(name: "dots", architecture: Dots())
    let graph = try variant.graph()
    var weights = Weights()
    weights["classes.weight"] = try Tensor([1, 1, 1, 1], [1])
    weights["classes.bias"] = try Tensor([1], [-0.5])
    let model = Model(
      name: "dots",
      checkpoint: Checkpoint(
        family: Dots.name, variant: "dots", task: .segmentation, classes: ["light"],
        input: [1, 64, 64],
        preprocessing: .init(resize: .none, channels: .grey, mean: [0], std: [1]),
        provenance: .init()), variant: variant, graph: graph, weights: weights)
    var picture = try Picture(width: 8000, height: 6000, channels: 1)
    try picture.withMutablePixels { pixels in
      for index in pixels.indices {
        pixels[index] = UInt8(truncatingIfNeeded: (index &* 2_654_435_761) >> 12)
      }
    }
    let mask = try SemanticSegmenter(model).segment(picture).mask
    #expect(mask.size == picture.size)
    let isRight = mask.withPixels { mask in
      picture.withPixels { picture in
        mask.indices.allSatisfy { mask[$0] == (picture[$0] > 127 ? 1 : 0) }
      }
    }
    #expect(isRight)
  }

  private struct Dots: Segmenter {
    static let name = "Dots"
    static let paper = "nowhere"
    static let variants = ["dots": Dots()]
    var input: Shape { [1, 64, 64] }
    func features(_ image: Node) -> Node { image.relu() }
    func head(_ features: Node, classes: Int) -> Node {
      features.conv("classes", to: classes, kernel: 1)
    }
  }

  /// A checkpoint that resizes pictures still answers for each of their pixels.
  @Test func answersInPixelsOfThePicture() throws {
    let picture = try SegmentationTests.picture(150, 90)
    for (resize, crop) in [
      (Preprocessing.Resize.exact(height: 48, width: 64), nil),
      (.shorterSide(40), Window.Size(32, 32)),
    ] {
      let model = try SegmentationTests.model(
        UNet(.padded, width: 4, depth: 2), classes: ["cell"], resize: resize, crop: crop)
      let answer = try segmented(model, picture)
      #expect(answer.mask.size == picture.size)
      #expect(answer.areas.allSatisfy { $0.fraction > 0.02 })
      // Probabilities are interpolated between the four nearest positions of the map.
      let placement = try model.checkpoint.preprocessing.placement(of: picture.size)
      let input = try model.checkpoint.preprocessing.tensor(from: [picture])
      let logits = try #require(model.run(input, engine: .openblas)["logits"])
      let (height, width) = (logits.shape[2], logits.shape[3])
      let map = logits.values.map { 1 / (1 + exp(-Double($0))) }
      func between(_ place: Double, _ count: Int) -> (Int, Int, Double) {
        let place = min(max(place - 0.5, 0), Double(count - 1))
        return (Int(place), min(Int(place) + 1, count - 1), place - place.rounded(.down))
      }
      let large = answer.mask.pixels
      var equal = 0
      for y in 0..<90 {
        for x in 0..<150 {
          let place = placement.inputCoordinates(x: Double(x) + 0.5, y: Double(y) + 0.5)
          let (left, right, u) = between(place.x, width)
          let (top, bottom, v) = between(place.y, height)
          let upper = (1 - u) * map[top * width + left] + u * map[top * width + right]
          let lower = (1 - u) * map[bottom * width + left] + u * map[bottom * width + right]
          if large[150 * y + x] == ((1 - v) * upper + v * lower > 0.5 ? 1 : 0) { equal += 1 }
        }
      }
      // A few values that are equal except for rounding may fall to either side.
      #expect(equal + 3 >= large.count, "\(equal) of \(large.count)")
    }
  }

  @Test func otherTasksAreRefused() throws {
    var model = try SegmentationTests.model(UNet(.padded, width: 4, depth: 1), classes: ["a"])
    var checkpoint = model.checkpoint
    checkpoint.task = .classification
    model = Model(
      name: "small", checkpoint: checkpoint, variant: model.variant, graph: model.graph,
      weights: model.weights)
    let error = #expect(throws: ZooError.self) { try SemanticSegmenter(model) }
    #expect(error?.kind == .usage)
  }
}
