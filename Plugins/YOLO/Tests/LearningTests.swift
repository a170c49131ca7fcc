import TestSupport
import Testing
import YOLO
import ZooDetection
import ZooKit

@Suite struct LearningTests {
  /// Losses and gradients of every map beside PyTorch's autograd.
  @Test(arguments: [("yolov1-tiny", 448), ("yolov2-tiny", 96), ("yolov3", 64), ("yolov4-tiny", 96)])
  func lossesAreThoseOfPyTorch(name: String, size: Int) throws {
    let golden = try GoldenFile("yolo/losses.safetensors")
    let yolo = try #require(YOLO.variants[name])
    let maps = try yolo.lossMaps(name, size, pictures: 3)
    let (losses, gradients) = try yolo.compare(maps, truths(size), .init(size, size))
    let expected = try golden.values("\(name).losses")
    #expect(losses.count == 3 && gradients.count == maps.count)
    for (found, expected) in zip(losses, expected) {
      #expect(abs(found - Double(expected)) < 1e-5 * Double(expected), "\(losses) \(expected)")
    }
    for (index, gradient) in gradients.enumerated() {
      let error = relativeError(
        GoldenFile.sampled(gradient.values), try golden.values("\(name).gradient.\(index)"))
      #expect(error < 1e-5, "map \(index): \(error)")
    }
    // A share scales the gradients alone.
    let half = try yolo.compare(maps, truths(size), .init(size, size), share: 0.5)
    #expect(half.losses == losses)
    #expect(
      relativeError(half.gradients[0].values, gradients[0].values.map { $0 / 2 }) < 1e-6)
  }

  /// Pictures without objects teach that nothing is there, and nothing else.
  @Test(arguments: ["yolov1-tiny", "yolov2-tiny", "yolov4-tiny"])
  func learnsFromEmptyPictures(name: String) throws {
    let yolo = try #require(YOLO.variants[name])
    let size = name == "yolov1-tiny" ? 448 : 96
    let maps = try yolo.lossMaps(name, size, pictures: 2)
    let (losses, gradients) = try yolo.compare(maps, [[], []], .init(size, size))
    #expect(losses[0] == 0 && losses[1] == 0 && losses[2] > 0)
    let areFinite = gradients.allSatisfy { $0.values.allSatisfy(\.isFinite) }
    #expect(areFinite)
  }

  /// Boxes as thin as a hair, at the corners, larger than any anchor, and logits beyond all measure:
  /// finite.
  @Test func staysFinite() throws {
    let yolo = try #require(YOLO.variants["yolov4-tiny"])
    let boxes = [
      Box(0, 0, 1e-3, 96), Box(0, 0, 96, 1e-3), Box(95.999, 95.999, 96, 96), Box(0, 0, 96, 96),
    ].map { TrueBox($0, classIndex: 0) }
    for logit: Float in [0, 60, -60] {
      let maps = try yolo.lossMaps("yolov4-tiny", 96, pictures: 1).map { map in
        try Tensor(map.shape) { $0.initialize(repeating: logit) }
      }
      let (losses, gradients) = try yolo.compare(maps, [boxes], .init(96, 96))
      let areFinite =
        losses.allSatisfy(\.isFinite)
        && gradients.allSatisfy { $0.values.allSatisfy(\.isFinite) }
      #expect(areFinite, "\(losses)")
    }
  }

  /// One class, the usual case of a laboratory.
  @Test func learnsOneClass() throws {
    let yolo = try #require(YOLO.variants["yolov4-tiny"])
    let maps = try [3, 6].map { try Formula.tensor("one", [1, 18, $0, $0]) }
    let (losses, _) = try yolo.compare(
      maps, [[TrueBox(Box(10, 10, 50, 60), classIndex: 0)]], .init(96, 96))
    let arePositive = losses.allSatisfy { $0.isFinite && $0 > 0 }
    #expect(arePositive)
  }

  @Test func aNewHeadIsNearlySilent() throws {
    let yolo = try #require(YOLO.variants["yolov4-tiny"])
    let graph = try Variant(name: "", architecture: yolo).graph(head: .original(classes: 3))
    let start = try yolo.headStart(graph, random: Random(seed: 1))
    let names = ["18", "21"].flatMap { ["head.conv\($0).weight", "head.conv\($0).bias"] }
    #expect(start.keys.sorted() == names.sorted())
    let bias = try #require(start["head.conv18.bias"]).values
    #expect(bias.count == 24 && bias[4] == bias[12] && abs(bias[4] + 4.59512) < 1e-5)
    let others = bias.indices.filter { $0 % 8 != 4 }.map { bias[$0] }
    #expect(others == Array(repeating: 0, count: 21))
    let weights = try #require(start["head.conv21.weight"]).values
    let squares = weights.reduce(0.0) { $0 + Double($1 * $1) }
    let spread = (squares / Double(weights.count)).squareRoot()
    #expect(abs(spread - 0.01) < 5e-4)
  }

  /// Boxes of other shapes get anchors of their own, in the biases of the new head: what it says at
  /// first is then a box of such a shape.
  @Test func adaptsToOtherShapes() throws {
    let yolo = try #require(YOLO.variants["yolov4-tiny"])
    let shapes = (0..<60).map { index -> SIMD2<Float> in
      [200 + Float(index), 4 + Float(index % 3)]
    }
    let adapted = yolo.adapted(to: shapes)
    #expect(adapted.priors != yolo.priors && adapted.grids == yolo.grids)
    #expect(ShapeClusters.fit(adapted.priors.flatMap(\.self), shapes) > 0.85)
    #expect(yolo.adapted(to: []).priors == yolo.priors)
    // Shapes that the usual anchors serve change nothing.
    #expect(yolo.adapted(to: yolo.grids.flatMap(\.anchors)).priors == yolo.priors)

    let graph = try Variant(name: "", architecture: adapted).graph(head: .original(classes: 1))
    let bias = try #require(
      adapted.headStart(graph, random: Random(seed: 1))["head.conv18.bias"]
    ).values
    let map = try Tensor([1, 18, 1, 1], bias)
    let other = try Tensor([1, 18, 1, 1]) { $0.initialize(repeating: -20) }
    let found = try adapted.detect(
      in: PictureBatch(try Tensor(zeros: [1, 3, 32, 32]), sizes: [.init(32, 32)]),
      .init(score: 0.001, iou: 1, limit: 3),
      running: Prepared(values: ["grid32": map, "grid16": other]))
    let sides = found[0].map { SIMD2($0.box.width, $0.box.height) }
    #expect(sides.count == 3)
    for (side, prior) in zip(sides.sorted { $0.x < $1.x }, adapted.priors[0].sorted { $0.x < $1.x })
    {
      #expect(abs(side.x - prior.x) < 1e-2 && abs(side.y - prior.y) < 1e-2)
    }
  }

  /// Weights scale the class loss of their boxes, and the focal loss its easy parts; gradients are
  /// those of finite differences.
  @Test(arguments: ["yolov2-tiny", "yolov4-tiny"])
  func emphasisHasItsGradient(name: String) throws {
    let yolo = try #require(YOLO.variants[name])
    let (size, boxes) = (Window.Size(96, 96), truths(96))
    let maps = try yolo.lossMaps(name, 96, pictures: 3)
    let plain = try yolo.compare(maps, boxes, size).losses
    let doubled = try #require(yolo.emphasizing(ClassEmphasis(weights: [2, 2, 2])))
    let twice = try doubled.compare(maps, boxes, size).losses
    #expect(twice[0] == plain[0] && twice[2] == plain[2])
    #expect(abs(twice[1] - 2 * plain[1]) < 1e-9 * plain[1])
    let emphasis = ClassEmphasis(weights: [0.5, 3, 0], focalGamma: 1.5, focalAlpha: 0.3)
    let focal = try #require(yolo.emphasizing(emphasis))
    let (losses, gradients) = try focal.compare(maps, boxes, size)
    #expect(losses[0] == plain[0] && losses[1] < plain[1] && losses[2] < plain[2])
    // Every place of a map that holds no box, and the anchors of the places that do.
    for map in maps.indices {
      let gradient = gradients[map].values
      let steep = gradient.indices.sorted { abs(gradient[$0]) > abs(gradient[$1]) }.prefix(40)
      let stride = maps[map].count / (maps[map].shape[0] * yolo.grids[map].anchors.count)
      let plane = stride / 8
      for place in steep where place % stride / plane >= 4 {
        func loss(_ step: Float) throws -> Double {
          var moved = maps
          var values = maps[map].values
          values[place] += step
          moved[map] = try Tensor(maps[map].shape, values)
          let losses = try focal.compare(moved, boxes, size).losses
          return losses[1] + losses[2]
        }
        let slope = try (loss(1e-2) - loss(-1e-2)) / 2e-2
        #expect(
          abs(slope - Double(gradient[place])) < 2e-3 * max(abs(slope), 1e-3),
          "\(map) \(place): \(slope) \(gradient[place])")
      }
    }
    #expect(YOLO.variants["yolov1-tiny"]?.emphasizing(emphasis) == nil)
  }

  /// `truths` of `Tests/Golden/yolo/make.py`.
  private func truths(_ size: Int) -> [[TrueBox]] {
    let side = Double(size)
    let boxes = (0..<6).map { row -> Box in
      let u = (0..<4).map { Double(Formula.unit("truths", 4 * row + $0)) }
      let (x, y) = ((u[0] + 1) / 2 * side, (u[1] + 1) / 2 * side)
      let (w, h) = ((u[2] + 1.2) / 2.2 * side * 0.8 + 4, (u[3] + 1.2) / 2.2 * side * 0.8 + 4)
      return Box(
        Float(max(x - w / 2, 0)), Float(max(y - h / 2, 0)), Float(min(x + w / 2, side)),
        Float(min(y + h / 2, side)))
    }
    let twin = Box(boxes[3].x0 + 1, boxes[3].y0 + 1, boxes[3].x1, boxes[3].y1)
    func truth(_ box: Box, _ label: Int) -> TrueBox { TrueBox(box, classIndex: label) }
    return [
      [truth(boxes[0], 0), truth(boxes[1], 1), truth(boxes[2], 2), truth(boxes[5], 1)],
      [truth(boxes[3], 1), truth(twin, 2), truth(boxes[4], 0)], [],
    ]
  }
}

extension YOLO {
  /// For three classes, by the formula of the variant's name.
  func lossMaps(_ name: String, _ size: Int, pictures: Int) throws -> [Tensor] {
    if grids.isEmpty {
      return [try Formula.tensor("loss.\(name)", [pictures, 49 * 13])]
    }
    return try grids.enumerated().map { index, grid in
      try Formula.tensor(
        "loss.\(name).\(index)",
        [pictures, grid.anchors.count * 8, size / grid.stride, size / grid.stride], scale: 2)
    }
  }
}
