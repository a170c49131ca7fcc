import ModelZoo
import Testing
import ZooEngine
import ZooKit
import ZooTraining

/// Numbers do not depend on the number of threads.
@Suite(.serialized)
struct ThreadTests {
  private static let counts = [1, 2, 3, 7]

  @Test(arguments: ["resnet20", "vgg9_bn", "unet-16", "alexnet-small", "densenet28-16"], engines)
  func computesThePicture(name: String, engine: EngineChoice) throws {
    let model = try Zoo().untrained(name)
    try expectSame {
      let plan = try InferencePlan(
        model.graph, model.weights, batch: 1, engine: engine.engine(for: .fp32))
      let input = plan.inputs[0]
      let picture = try noise([1] + input.shape.sizes)
      return try plan.run([input.name: picture]).sorted { $0.key < $1.key }.map(\.value.values)
    }
  }

  @Test(arguments: ["resnet20", "alexnet-small", "densenet28-16"])
  func learnsOnOpenBLAS(name: String) throws {
    let model = try Zoo().untrained(name)
    let input = model.graph.inputs[0]
    let shape = model.graph.operations[input.operation].shape
    try expectSame {
      let plan = try TrainingPlan(model.graph, model.weights, batch: 4, engine: .openblas)
      try plan.forward([input.name: noise([4] + shape.sizes)], random: Random(seed: 7))
      let logits = try plan.value("logits")
      try plan.backward(["logits": noise(logits.shape.sizes)])
      let gradients = try plan.slots.map { try plan.gradient(of: $0.parameter.name).values }
      return [logits.values] + gradients
    }
  }

  private static let engines = [EngineChoice.onednn, .openblas].filter {
    (try? $0.engine(for: .fp32)) != nil
  }

  private func noise(_ sizes: [Int]) throws -> Tensor {
    let random = Random(seed: 1)
    return try Tensor(Shape(sizes)) { values in
      for index in values.indices { values[index] = random.uniform(index) - 0.5 }
    }
  }

  private func expectSame(_ compute: () throws -> [[Float]]) throws {
    let usual = Threads.count
    defer { Threads.count = usual }
    var first: [[Float]]?
    for threads in Self.counts {
      Threads.count = threads
      let found = try compute()
      #expect(found == first ?? found, "\(threads) threads")
      first = first ?? found
    }
  }
}
