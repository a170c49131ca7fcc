import FasterRCNN
import ModelZoo
import TestSupport
import Testing
import ZooEngine
import ZooTraining

/// One training step of Faster R-CNN beside torchvision's: four losses and every gradient.
@Suite(.serialized) struct TrainingStepTests {
  private struct Case {
    let golden: GoldenFile
    let model: Model
    let detector: FasterRCNN
    let batch: DetectionBatch
    let network: (Shape) throws -> Graph

    init(_ name: String) throws {
      golden = try GoldenFile("detector-training/\(name).safetensors")
      var detector = try PipelineTests.detector(name == "map" ? "vgg16-c4" : "miniature")
      detector.learning.anchors = BalancedSampler(count: 24, share: 0.125)
      detector.learning.regions = BalancedSampler(count: 16, share: 0.25)
      (detector.learning.proposals.before, detector.learning.proposals.after) = (80, 30)
      model = try .formulaDetector(
        detector, classes: 5, shorter: Int(golden.number("shorter")),
        longer: Int(golden.number("longer")), input: [3, 96, 96])
      self.detector = detector
      var (pictures, truths): ([Picture], [[TrueBox]]) = ([], [])
      let boxes = try golden.values("boxes")
      var next = 0
      for text in try golden.text("pictures").split(separator: ",") {
        let numbers = text.split(separator: "x").compactMap { Int($0) }
        pictures.append(try formulaPicture(numbers[0], numbers[1]))
        truths.append(
          (next..<next + numbers[2]).map { row in
            TrueBox(
              Box(boxes[4 * row], boxes[4 * row + 1], boxes[4 * row + 2], boxes[4 * row + 3]),
              classIndex: (row - next) % 5)
          })
        next += numbers[2]
      }
      let (tensor, placements) = try model.checkpoint.preprocessing.padded(pictures)
      batch = try DetectionBatch(
        PictureBatch(
          tensor, sizes: placements.map { .init($0.shown.height, $0.shown.width) }), truths,
        random: Random(seed: 5))
      let variant = model.variant
      network = { try variant.graph(head: .original(classes: 5), input: $0) }
    }

    func step(
      _ engine: any Engine, freezing: Freezing = [], memory: Int = 0, share: Double = 1,
      detector: FasterRCNN? = nil
    ) throws -> (losses: [Double], parts: TrainingParts) {
      let still = Set(
        freezing.names(at: 0).flatMap { name in
          model.graph.operations(in: name).flatMap {
            model.graph.operations[$0].parameters.map(\.name)
          }
        })
      var options = TrainingPlan.Options()
      options.trainable = { !still.contains($0.name) }
      let parts = try TrainingParts(
        model.graph, model.weights, batch: batch.truths.count, options: options, engine: engine,
        memory: memory > 0 ? FeatureMemory(limit: memory) : nil, network: network)
      let shared = try DetectionBatch(
        batch.pictures, batch.truths, share: share, random: batch.random)
      return (try (detector ?? self.detector).learn(from: shared, running: parts), parts)
    }
  }

  @Test(arguments: ["pyramid", "map", "nothing", "one"])
  func isTheReferences(name: String) throws {
    let step = try Case(name)
    let expected = try step.golden.values("losses")
    for engine in GoldenStep.engines {
      let (losses, parts) = try step.step(engine)
      #expect(losses.count == expected.count)
      for (found, expected) in zip(losses, expected) {
        #expect(
          abs(found - Double(expected)) <= 2e-5 * max(1, abs(Double(expected))),
          "\(engine.name): \(losses)")
      }
      let whole = try parts.whole.slots.reduce(0.0) { sum, slot in
        let norm = try Double(step.golden.values("\(slot.parameter.name).norm")[0])
        return sum + norm * norm
      }.squareRoot()
      #expect(whole > 0)
      // A rectifier on the other side of zero: what that does to the reference's own float32.
      let slack = try max(2e-4, 2 * step.golden.number("float32"))
      for slot in parts.whole.slots {
        let name = slot.parameter.name
        let found = try parts.whole.gradient(of: name).values
        let sampled = GoldenFile.sampled(found)
        let reference = try step.golden.values("\(name).grad")
        let norm = try Double(step.golden.values("\(name).norm")[0])
        // Of the samples as a share of the whole parameter's, or of a thousandth of everything
        // where it vanishes.
        let share = (Double(sampled.count) / Double(found.count)).squareRoot()
        let difference = zip(sampled, reference).reduce(0.0) {
          $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1))
        }.squareRoot()
        let error = difference / (share * max(norm, 1e-3 * whole))
        #expect(error < slack, "\(engine.name) \(name): \(error)")
        let all = found.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        #expect(abs(all - norm) < slack * max(norm, 1e-3 * whole), "\(engine.name) \(name)")
      }
    }
  }

  /// Weights and the focal loss change the classifier of regions and nothing else.
  @Test func emphasisCountsForRegions() throws {
    let step = try Case("map")
    let engine = EngineChoice.fastest
    let plain = try step.step(engine).losses
    func losses(_ emphasis: ClassEmphasis) throws -> [Double] {
      let detector = try #require(step.detector.emphasizing(emphasis))
      return try step.step(engine, detector: detector).losses
    }
    for emphasis in [
      ClassEmphasis(weights: [9, 9, 9, 9, 9]), ClassEmphasis(weights: [0, 0, 0, 0, 0]),
      ClassEmphasis(focalGamma: 2),
    ] {
      let found = try losses(emphasis)
      #expect(found[0] == plain[0] && found[1] == plain[1] && found[3] == plain[3])
      #expect(found[2] != plain[2] && found[2] > 0)
    }
    #expect(try losses(ClassEmphasis(focalGamma: 2))[2] < plain[2])
    #expect(try losses(ClassEmphasis(weights: [1, 1, 1, 1, 1])) == plain)
  }

  /// A share scales gradients and not losses; what is frozen has none, and may be remembered.
  @Test func sharesAndFrozenStages() throws {
    let step = try Case("one")
    for engine in GoldenStep.engines {
      let (losses, whole) = try step.step(engine)
      let (same, part) = try step.step(engine, share: 0.25)
      #expect(losses == same)
      for name in ["rpn.head.conv.0.0.weight", "backbone.body.conv1.weight"] {
        let (a, b) = try (whole.whole.gradient(of: name), part.whole.gradient(of: name))
        #expect(relativeError(b.values, a.values.map { $0 / 4 }) < 1e-6)
      }
      let (_, frozen) = try step.step(
        engine, freezing: [.init("stem"), .init("layer1")], memory: 1 << 24)
      #expect(throws: ZooError.self) {
        try frozen.whole.gradient(of: "backbone.body.conv1.weight")
      }
      for name in ["backbone.body.layer2.0.conv1.weight", "roi_heads.box_head.fc6.weight"] {
        let (a, b) = try (whole.whole.gradient(of: name), frozen.whole.gradient(of: name))
        #expect(relativeError(b.values, a.values) < 1e-4, "\(engine.name) \(name)")
      }
    }
  }

  /// The second stage alone: nothing of the first is asked to go back.
  @Test func onlyTheHeadLearns() throws {
    let step = try Case("one")
    let (losses, parts) = try step.step(LayerEngine(), freezing: [.backbone])
    #expect(losses.allSatisfy { $0.isFinite })
    #expect(
      Set(parts.whole.slots.map(\.parameter.name)) == [
        "roi_heads.box_predictor.cls_score.weight", "roi_heads.box_predictor.cls_score.bias",
        "roi_heads.box_predictor.bbox_pred.weight", "roi_heads.box_predictor.bbox_pred.bias",
      ])
    let found = try parts.whole.gradient(of: "roi_heads.box_predictor.cls_score.weight")
    #expect(found.values.contains { $0 != 0 })
  }

  @Test func aClassThatIsNotThereIsNamed() throws {
    let step = try Case("one")
    let parts = try step.step(LayerEngine()).parts
    let wrong = try DetectionBatch(
      step.batch.pictures, [[TrueBox(Box(1, 1, 40, 40), classIndex: 5)]])
    #expect(
      throws: ZooError.corrupt("a box is of class 5; the network knows 5, from 0 on")
    ) { try step.detector.learn(from: wrong, running: parts) }
  }

  /// Slivers, boxes as large as the picture, the same box twice, a picture of one pixel: losses and
  /// gradients are numbers.
  @Test(arguments: [(1, 1), (2, 300), (70, 50)])
  func oddBatchesGiveNumbers(width: Int, height: Int) throws {
    let step = try Case("one")
    let (tensor, placements) = try step.model.checkpoint.preprocessing.padded([
      formulaPicture(width, height)
    ])
    let size = placements[0].shown
    let (right, bottom) = (Float(size.width), Float(size.height))
    let whole = Box(0, 0, right, bottom)
    for boxes in [
      [whole, whole], [Box(0, 0, 1e-4, bottom), Box(0, 0, right, 1e-4)],
      [Box(right - 1e-3, bottom - 1e-3, 1e6, 1e6), Box(-1e6, -1e6, 1e6, 1e6)], [],
    ] {
      let batch = try DetectionBatch(
        PictureBatch(tensor, sizes: [.init(size.height, size.width)]),
        [boxes.map { TrueBox($0, classIndex: 0) }])
      let parts = try step.step(LayerEngine()).parts
      parts.whole.forgetGradients()
      let losses = try step.detector.learn(from: batch, running: parts)
      #expect(losses.allSatisfy { $0.isFinite && $0 >= 0 }, "\(losses)")
      let isFinite = parts.whole.update { $1.allSatisfy(\.isFinite) }
      #expect(isFinite)
    }
  }

  @Test func theSamplerIsFairAndTheSameEveryTime() {
    let matches: [Matching.Match] = (0..<5000).map {
      $0 % 10 == 0 ? .truth($0 % 3) : $0 % 10 == 1 ? .between : .background
    }
    let sampler = BalancedSampler(count: 256, share: 0.5)
    var counts = [Int](repeating: 0, count: 5000)
    for draw in 0..<200 {
      let random = Random(seed: UInt64(draw))
      let (things, background) = sampler.sample(matches, random: random)
      #expect(things.count == 128 && background.count == 128)
      #expect(things == things.sorted() && Set(things).count == 128)
      #expect(things.allSatisfy { matches[$0].truth != nil })
      #expect(background.allSatisfy { matches[$0] == .background })
      for index in things + background { counts[index] += 1 }
      let again = sampler.sample(matches, random: random)
      #expect(again.things == things && again.background == background)
    }
    // Each thing is chosen 51 times on average, with a deviation of 6.2.
    let drawn = counts.enumerated().filter { $0.offset % 10 == 0 }.map(\.element)
    #expect(drawn.min() ?? 0 > 20 && drawn.max() ?? 0 < 85)
    let few = sampler.sample(Array(matches.prefix(40)), random: Random(seed: 1))
    #expect(few.things == [0, 10, 20, 30] && few.background.count == 32)
    #expect(sampler.sample([], random: Random(seed: 1)).things.isEmpty)
  }
}
