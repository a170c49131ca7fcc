import ZooEngine
import ZooKit
import ZooStore
import ZooTraining

/// A run of a second with everything in it that could make two runs differ: noise in the data and in
/// the network, norms, two outputs, a stage that thaws, an average, gradients over two batches, a
/// last batch of another size, a plateau.
public enum SmallTraining {
  public static func graph() throws -> Graph {
    try Graph { input in
      let maps = input("image", [2, 6, 6])
        .stage("stem") {
          $0.conv("conv1", to: 4, kernel: 3, padding: 1, bias: false).batchNorm("bn1").relu()
        }
        .stage("body") { $0.conv("conv2", to: 6, kernel: 3, stride: 2).batchNorm("bn2").relu() }
      let features = maps.globalAveragePool().flatten().dropout(rate: 0.2)
      return [
        "logits": features.stage(Stage.head) { $0.dense("fc", to: 3) },
        "box": features.stage(Stage.head) { $0.dense("place", to: 2) },
      ]
    }
  }

  /// Pictures whose class is where they are bright, and noise that changes from epoch to epoch.
  public struct Source: BatchSource {
    public var count = 47
    public var fingerprint = "small 1"
    /// An item whose picture is broken.
    public var broken: Int?

    public init() {}

    public func batch(_ items: [Int], epoch: Int, random: Random) throws -> Batch {
      let pictures = try Tensor([items.count, 2, 6, 6]) { values in
        for (place, item) in items.enumerated() {
          let key = random.key(item)
          for index in 0..<72 {
            let isBright = index / 24 == item % 3
            values[place * 72 + index] =
              (isBright ? 1 : 0) + 0.5 * Formula.unit("item \(item)", index)
              + 0.2 * key.normal(index)
          }
          if item == broken { values[place * 72] = .nan }
        }
      }
      let places = items.flatMap { [Float($0 % 3), Float($0 % 5) / 5] }
      return Batch(
        inputs: ["image": pictures],
        targets: [
          "logits": .classes(items.map { Int32($0 % 3) }),
          "box": .values(try Tensor([items.count, 2], places)),
        ])
    }
  }

  public static func trainer(
    source: Source = Source(), _ change: (inout Trainer.Options) -> Void = { _ in }
  ) throws -> Trainer {
    let graph = try graph()
    var options = Trainer.Options()
    options.epochs = 5
    options.batch = 8
    options.accumulation = 2
    options.rate = 0.02
    options.descent = .init(
      AdamW(), weightDecay: 0.01, clipping: 5, averaging: .exponential(0.8), layerDecay: 0.7)
    options.schedule = WarmUp(steps: 4, then: CosineDecay(steps: 15))
    options.plateau = Plateau(factor: 0.5, patience: 1)
    options.freezing = Freezing([.init("stem", until: 2)])
    options.seed = 7
    options.saveEvery = 2
    change(&options)
    var trainer = Trainer(
      graph, try Formula.weights(for: graph), source,
      lesson: Objective([
        .init("logits", CrossEntropy(labelSmoothing: 0.05)), .init("box", SmoothL1(), weight: 0.3),
      ]), options: options)
    trainer.record = { epoch in
      ["small": true, "epoch": epoch.map { JSON($0.number) } ?? nil]
    }
    trainer.evaluate = { weights in
      let plan = try InferencePlan(graph, weights, batch: 47)
      let batch = try Source().batch(Array(0..<47), epoch: 0, random: Random(seed: 99))
      let outputs = try plan.run(batch.inputs)
      guard let logits = outputs["logits"], let target = batch.targets["logits"] else { return [] }
      return [("log-loss", -(try CrossEntropy()(logits, target).value))]
    }
    return trainer
  }
}
