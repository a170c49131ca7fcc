import ZooEngine
import ZooKit
import ZooStore
import ZooVision

/// A network whose output is a vector, compiled for one picture at a time.
struct VectorNetwork {
  private let name: String
  private let preprocessing: Preprocessing
  private let plan: InferencePlan

  /// A consumed model frees its weights once they are packed.
  init(_ model: consuming Model, engine: EngineChoice, precision: Precision) throws {
    (name, preprocessing) = (model.name, model.checkpoint.preprocessing)
    let (graph, weights) = (model.graph, model.weights)
    _ = consume model
    plan = try InferencePlan(
      graph, consume weights, batch: 1, engine: engine.engine(for: precision))
  }

  func logits(of picture: Picture) throws -> Tensor {
    let input = try preprocessing.tensor(from: [picture])
    let expected = plan.inputs[0].shape
    guard input.shape.sizes.dropFirst().elementsEqual(expected.sizes) else {
      throw ZooError.corrupt(
        "\(name): its preprocessing makes \(input.shape), its network takes 1×\(expected)")
    }
    guard let logits = try plan.run([plan.inputs[0].name: input])["logits"] else {
      throw ZooError.failure("\(name) gives no logits")
    }
    return logits
  }
}
