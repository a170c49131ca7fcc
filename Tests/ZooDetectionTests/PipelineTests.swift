import FasterRCNN
import Foundation
import ModelZoo
import TestSupport
import Testing

/// `picture` of `Tests/Golden/detection/make.py`.
func formulaPicture(_ width: Int, _ height: Int) throws -> Picture {
  var pixels: [UInt8] = []
  for y in 0..<height {
    for x in 0..<width {
      let levels: [Int] = [x * 5 + y * 3, x * 2 + y * 7 + x * y / 16, x * y + x / 40 * 60]
      pixels += levels.map { UInt8($0 % 256) }
    }
  }
  return try Picture(width: width, height: height, channels: 3, pixels: pixels)
}

extension Model {
  /// A detector with weights by formula, for pictures of other sizes than the usual.
  static func formulaDetector(
    _ architecture: FasterRCNN, classes: Int, shorter: Int, longer: Int, input: Shape? = nil
  ) throws -> Model {
    let variant = Variant(name: "by formula", architecture: architecture)
    let graph = try variant.graph(head: .original(classes: classes), input: input)
    let checkpoint = Checkpoint(
      family: variant.family, variant: variant.name, task: .detection,
      classes: (0..<classes).map { "thing \($0)" }, input: input ?? architecture.input,
      preprocessing: Preprocessing(
        resize: .within(shorter: shorter, longer: longer), interpolation: .sampled, multiple: 32,
        mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]),
      provenance: .init())
    return Model(
      name: variant.name, checkpoint: checkpoint, variant: variant, graph: graph,
      weights: try Formula.detectorWeights(for: graph))
  }

  /// R50-FPN, the weights made once for all tests.
  static let fullDetector = Result {
    let architecture = try #require(FasterRCNN.variants["fasterrcnn-resnet50-fpn"])
    return try formulaDetector(architecture, classes: 90, shorter: 800, longer: 1333)
  }

  func with(shorter: Int, longer: Int) -> Model {
    var checkpoint = checkpoint
    checkpoint.preprocessing.resize = .within(shorter: shorter, longer: longer)
    return Model(
      name: name, checkpoint: checkpoint, variant: variant, graph: graph, weights: weights)
  }
}

/// A case of `make.py`: pictures, and what torchvision's Faster R-CNN finds in them.
struct GoldenDetections {
  let golden: GoldenFile
  let pictures: [Picture]
  let shorter, longer: Int

  init(_ name: String) throws {
    golden = try GoldenFile("detection/fasterrcnn-\(name).safetensors")
    pictures = try golden.text("sizes").split(separator: ",").map { size in
      let sides = size.split(separator: "x").compactMap { Int($0) }
      return try formulaPicture(sides[0], sides[1])
    }
    shorter = Int(try golden.number("shorter"))
    longer = Int(try golden.number("longer"))
  }

  /// Every box of either side has its partner on the other.
  func check(_ found: [[DetectedObject]]) throws {
    #expect(found.count == pictures.count)
    for (index, objects) in found.enumerated() {
      let boxes = try golden.values("boxes.\(index)")
      let scores = try golden.values("scores.\(index)")
      let labels = try golden.values("labels.\(index)")
      #expect(objects.count == scores.count && scores.count > 10)
      var left = Array(objects)
      for expected in scores.indices {
        let corners = boxes[4 * expected..<4 * expected + 4]
        func distance(_ object: DetectedObject) -> Float {
          zip(object.box.corners, corners).map { abs($0 - $1) }.max() ?? .infinity
        }
        // Background is torchvision's class 0.
        let partner = left.indices.filter { left[$0].index + 1 == Int(labels[expected]) }
          .min { distance(left[$0]) < distance(left[$1]) }
        guard let partner else {
          Issue.record("picture \(index): nothing of class \(labels[expected]) is left")
          continue
        }
        let object = left.remove(at: partner)
        #expect(distance(object) <= 0.05, "\(object) for \(Array(corners))")
        #expect(abs(object.score - scores[expected]) <= 1e-4)
      }
      #expect(objects.map(\.score) == objects.map(\.score).sorted(by: >))
    }
  }
}

/// Whole pipelines from the picture, beside torchvision's.
@Suite(.serialized) struct PipelineTests {
  @Test(arguments: ["wide", "tall", "strip", "pair"])
  func findsWhatTheReferenceFinds(name: String) throws {
    let golden = try GoldenDetections(name)
    let model = try Model.fullDetector.get().with(shorter: golden.shorter, longer: golden.longer)
    try golden.check(ObjectDetector(model).detect(golden.pictures))
  }

  @Test(
    .enabled(if: ProcessInfo.processInfo.environment["ZOO_SLOW_TESTS"] != nil, "800×1204 pixels"))
  func findsItInAPictureOfFullSize() throws {
    let golden = try GoldenDetections("slow")
    let model = try Model.fullDetector.get()
    try golden.check(ObjectDetector(model).detect(golden.pictures))
  }

  /// Variants with narrow dense layers and anchors for small pictures: a case of `make.py`.
  static func detector(_ name: String) throws -> FasterRCNN {
    if name == "resnet18" { return try #require(FasterRCNN.variants["fasterrcnn-resnet18-fpn"]) }
    var detector = FasterRCNN(onPyramidOver: "resnet18")
    detector.anchors = Anchors(sizes: [[8], [16], [32], [64], [128]], aspects: [0.5, 1, 2])
    if name == "miniature" {
      detector.width = 16
    } else {
      let stride = name == "vgg16" ? 16 : 8
      detector = FasterRCNN(
        onMapOf: "vgg16", stride: stride, sizes: [1, 2, 4].map { Float($0 * stride) })
    }
    detector.representation = 32
    return detector
  }

  static func miniature(shorter: Int = 96, longer: Int = 160) throws -> Model {
    try .formulaDetector(
      detector("miniature"), classes: 5, shorter: shorter, longer: longer, input: [3, 96, 96])
  }

  /// Other backbones of the registry, with and without a pyramid.
  @Test(arguments: ["miniature", "resnet18", "vgg16", "vgg16-c4"])
  func findsItOnAnotherBackbone(name: String) throws {
    let golden = try GoldenDetections(name)
    let model = try Model.formulaDetector(
      Self.detector(name), classes: name == "resnet18" ? 90 : 5, shorter: golden.shorter,
      longer: golden.longer, input: [3, 96, 96])
    try golden.check(ObjectDetector(model).detect(golden.pictures))
  }

  /// What stands between the picture and the boxes, where the boxes alone would not show it.
  @Test func stagesAreThoseOfTheReference() throws {
    let golden = try GoldenDetections("strip")
    let model = try Model.fullDetector.get().with(shorter: golden.shorter, longer: golden.longer)
    let (batch, placements) = try model.checkpoint.preprocessing.padded(golden.pictures)
    let shape = batch.shape.sizes.map(String.init).joined(separator: "x")
    #expect(shape == (try golden.golden.text("batch.shape")))
    #expect(placements.map(\.resized) == [.init(50, 320)])
    func error(_ tensor: Tensor, _ name: String) throws -> Double {
      relativeError(GoldenFile.sampled(tensor.values), try golden.golden.values(name))
    }
    #expect(try error(batch, "batch") < 1e-6)

    let values = try model.run(batch)
    for level in 0..<4 {
      let map = try #require(values["backbone.fpn.layer_blocks.\(level).0"])
      #expect(try error(map, "map.\(level)") < 1e-5)
    }
    let anchors = 3 * (16 * 80 + 8 * 40 + 4 * 20 + 2 * 10 + 1 * 5)
    #expect(values["objectness"]?.shape == [1, anchors])
    let scores = try #require(values["scores"])
    #expect(scores.shape[1] == 91 && values["boxes"]?.shape == [scores.shape[0], 364])
  }

  /// Whatever the padding of a batch shows, nothing is found there.
  @Test func boxesStayInTheirPictures() throws {
    let pictures = try [formulaPicture(60, 50), formulaPicture(90, 45), formulaPicture(20, 90)]
    let found = try ObjectDetector(Self.miniature()).detect(pictures)
    for (picture, found) in zip(pictures, found) {
      #expect(!found.isEmpty)
      #expect(
        found.allSatisfy { object in
          object.box.x0 >= 0 && object.box.x1 <= Float(picture.width) + 1e-3
            && object.box.y0 >= 0 && object.box.y1 <= Float(picture.height) + 1e-3
        })
    }
  }

  @Test(arguments: [(1, 1), (1, 300), (500, 1), (3000, 2), (7, 3)])
  func degeneratePicturesAreHarmless(width: Int, height: Int) throws {
    let found = try ObjectDetector(Self.miniature()).detect(formulaPicture(width, height))
    for object in found {
      #expect(object.box.isFinite && object.score.isFinite)
      #expect(object.box.x0 >= 0 && object.box.x1 <= Float(width) * 1.001)
      #expect(object.box.y0 >= 0 && object.box.y1 <= Float(height) * 1.001)
    }
  }

  @Test func nothingIsFoundWhereNothingIsSure() throws {
    let model = try Self.miniature()
    #expect(try model.detect(formulaPicture(64, 64), .init(score: 1)).isEmpty)
    let few = try model.detect(formulaPicture(64, 64), .init(limit: 3))
    #expect(few.count == 3)
    let all = try model.detect(formulaPicture(64, 64), .init(iou: 1, limit: 10_000))
    #expect(all.count > 100)
  }

  /// Weights that are not numbers find nothing, and say nothing.
  @Test func brokenWeightsFindNothing() throws {
    let model = try Self.miniature()
    for broken: Float in [.nan, .infinity, 1e30] {
      var weights = model.weights
      for name in weights.names where name.hasPrefix("rpn") || name.contains("predictor") {
        var tensor = try #require(weights[name])
        try tensor.withMutableValues { $0.update(repeating: broken) }
        weights[name] = tensor
      }
      let damaged = Model(
        name: "broken", checkpoint: model.checkpoint, variant: model.variant, graph: model.graph,
        weights: weights)
      for object in try damaged.detect(formulaPicture(40, 40)) {
        #expect(object.box.isFinite && object.score.isFinite)
      }
    }
  }

  @Test func aClassifierDetectsNothing() throws {
    let variant = try Registry.linked().variant("resnet20")
    let graph = try variant.graph()
    let checkpoint = Checkpoint(
      family: variant.family, variant: variant.name, task: .classification,
      classes: (0..<10).map(String.init), input: [3, 32, 32],
      preprocessing: .init(resize: .none, mean: [0, 0, 0], std: [1, 1, 1]), provenance: .init())
    let model = Model(
      name: "resnet20", checkpoint: checkpoint, variant: variant, graph: graph,
      weights: try Weights(randomFor: graph, seed: 1))
    #expect(throws: ZooError.usage("resnet20 is for classification")) {
      try ObjectDetector(model)
    }
  }
}
