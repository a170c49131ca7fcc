import Foundation
import TestSupport
import Testing
import ZooDetection
import ZooEngine
import ZooKit
import ZooTraining

/// A detector of the smallest kind: a map that should say how many boxes begin in each cell. It
/// learns in one part, or in two with a boundary that plain Swift could stand at.
private struct Counter: TrainableDetector {
  static let name = "Counter"
  static let paper = "none"
  static let variants = ["counter": Counter()]
  var isCut = false
  var input: Shape { [3, 8, 8] }
  var classes: Int { 1 }

  func features(_ image: Node) -> Node {
    image.stage("stem") { $0.conv("stem", to: 4, kernel: 3, padding: 1).relu("stem.relu") }
      .stage("middle") {
        $0.conv("middle", to: 6, kernel: 3, stride: 2, padding: 1).relu("middle.relu")
      }
  }

  func head(_ features: Node, classes: Int) -> Node { features.conv("count", to: 1, kernel: 1) }

  func outputs(_ image: Node, _ head: Head) -> KeyValuePairs<String, Node> {
    ["counts": features(image).stage(Stage.head) { self.head($0, classes: 1) }]
  }

  func detect(
    in batch: PictureBatch, _ options: DetectionOptions, running network: some PartRunner
  ) throws -> [[Detection]] { batch.sizes.map { _ in [] } }

  var losses: [String] { ["squares", "size"] }

  func learn(from batch: DetectionBatch, running network: some TrainingPartRunner) throws
    -> [Double]
  {
    let parts =
      isCut
      ? [Graph.Part(from: ["image"], to: ["middle"]), .init(from: ["middle"], to: ["counts"])]
      : [Graph.Part(from: ["image"], to: ["counts"])]
    var value = batch.pictures.tensor
    for part in parts {
      let found = try network.forward(part, [part.from[0]: value])
      value = try #require(found[part.to[0]])
    }
    let (rows, columns) = (value.shape[2], value.shape[3])
    var wanted = [Float](repeating: 0, count: value.count)
    for (picture, truths) in batch.truths.enumerated() {
      for truth in truths {
        let (x, y) = (Int(truth.box.x0) / 2, Int(truth.box.y0) / 2)
        wanted[(picture * rows + min(y, rows - 1)) * columns + min(x, columns - 1)] += 1
      }
    }
    let differences = zip(value.values, wanted).map { $0 - $1 }
    let count = Double(differences.count)
    let squares = differences.reduce(0.0) { $0 + Double($1) * Double($1) } / count
    let size = value.values.reduce(0.0) { $0 + Double($1) } / count
    var seed = try Tensor(
      value.shape,
      differences.map { Float(batch.share * (2 * Double($0) + 1) / count) })
    for part in parts.reversed() {
      let back = try network.backward(part, [part.to[0]: seed])
      // Nothing before it learns.
      guard let next = back[part.from[0]] else { break }
      seed = next
    }
    return [squares, size]
  }
}

/// Two pictures of other sizes now and then.
private struct Boxes: BatchSource {
  let count = 12
  let fingerprint = "boxes 1"
  /// All pictures of one size.
  var isEven = false

  func batch(_ items: [Int], epoch: Int, random: Random) throws -> Batch {
    let side = isEven || items[0] % 2 == 0 ? 8 : 12
    let tensor = try Tensor([items.count, 3, side, side]) { values in
      for (place, item) in items.enumerated() {
        for index in 0..<3 * side * side {
          values[place * 3 * side * side + index] = Formula.unit("picture \(item)", index)
        }
      }
    }
    let sizes = items.map { Window.Size(side, side - $0 % 3) }
    return Batch(
      PictureBatch(tensor, sizes: sizes),
      boxes: items.map { item in
        (0..<item % 3).map { TrueBox(Box(Float($0), Float(item % 5), 6, 7), classIndex: 0) }
      })
  }
}

@Suite struct SeamTests {
  private func weights(
    cut: Bool = false, source: Boxes = Boxes(), memory: Int = 0, engine: any Engine,
    freezing: Freezing = []
  ) throws -> (Trainer.Report, Weights) {
    let variant = Variant(name: "counter", architecture: Counter(isCut: cut))
    let graph = try variant.graph(head: .original(classes: 1))
    var options = Trainer.Options()
    options.epochs = 3
    options.batch = 2
    options.accumulation = 2
    options.rate = 0.05
    options.freezing = freezing
    let lesson = try DetectorLesson(Counter(isCut: cut), memory: memory) {
      try variant.graph(head: .original(classes: 1), input: $0)
    }
    var trainer = Trainer(
      graph, try Formula.weights(for: graph), source, lesson: lesson, options: options,
      engine: engine)
    var last = Weights()
    trainer.evaluate = { weights in
      last = weights
      return [("epochs", 1)]
    }
    let report = try temporaryFolder { try trainer.run(in: "\($0)/run") }
    return (report, last)
  }

  private func temporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
  }

  private func difference(_ a: Weights, _ b: Weights) -> Double {
    a.names.map { relativeError(a[$0]?.values ?? [], b[$0]?.values ?? []) }.max() ?? .infinity
  }

  /// The boundary changes nothing; the loss falls, and is what its parts add up to.
  @Test func partsLearnAsTheWhole() throws {
    for engine in GoldenStep.engines {
      let (whole, one) = try weights(engine: engine)
      let (cut, two) = try weights(cut: true, engine: engine)
      #expect(difference(one, two) < 1e-6, "\(engine.name)")
      for epoch in whole.epochs {
        #expect(abs(epoch.loss - epoch.parts[0].value - epoch.parts[1].value) < 1e-12)
      }
      #expect(whole.epochs[0].parts.map(\.name) == ["squares", "size"])
      #expect(whole.epochs[2].loss < whole.epochs[0].loss)
      #expect(whole.unchanged.isEmpty && cut.unchanged.isEmpty)
    }
  }

  /// What is frozen keeps its bytes, and remembering what it gives changes nothing.
  @Test func aFrozenPrefixIsComputedOnce() throws {
    for engine in GoldenStep.engines {
      for cut in [false, true] {
        for freezing: Freezing in [[.init("stem")], [.init("stem"), .init("middle")]] {
          let (plain, one) = try weights(cut: cut, engine: engine, freezing: freezing)
          let (_, two) = try weights(
            cut: cut, memory: 1 << 20, engine: engine, freezing: freezing)
          #expect(difference(one, two) < 1e-5, "\(engine.name) \(freezing.names(at: 0))")
          #expect(plain.unchanged.count == 2 * freezing.stretches.count)
        }
      }
    }
  }

  @Test func badBoxesAreRefused() throws {
    let tensor = try Tensor(zeros: [1, 3, 8, 8])
    let batch = PictureBatch(tensor, sizes: [.init(6, 8)])
    for box in [
      Box(1, 1, 1, 4), Box(1, 6, 4, 8), Box(-4, 1, 0, 4), Box(.nan, 0, 1, 1),
      Box(0, 0, .infinity, 1), Box(4, 4, 2, 5),
    ] {
      #expect(throws: ZooError.self) {
        try DetectionBatch(batch, [[TrueBox(box, classIndex: 0)]])
      }
    }
    #expect(throws: ZooError.self) { try DetectionBatch(batch, []) }
    let cut = try DetectionBatch(batch, [[TrueBox(Box(-3, 2, 20, 20), classIndex: 0)]])
    #expect(cut.truths[0][0].box == Box(0, 2, 8, 6))
  }
}
