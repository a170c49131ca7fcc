import ZooEngine
import ZooKit
import ZooStore
import ZooVision

/// A compiled model for single pictures.
public final class Classifier {
  private let name: String
  private let checkpoint: Checkpoint
  private let plan: InferencePlan

  /// If the caller gives up the model, its weights are freed once they are packed.
  public init(
    _ model: consuming Model, engine: EngineChoice = .auto, precision: Precision = .fp32
  ) throws {
    try model.check(isFor: .classification)
    (name, checkpoint) = (model.name, model.checkpoint)
    let (graph, weights) = (model.graph, model.weights)
    _ = consume model
    plan = try InferencePlan(
      graph, consume weights, batch: 1, engine: engine.engine(for: precision))
  }

  public func classify(_ picture: Picture, top: Int = 5) throws -> Classification {
    let input = try checkpoint.preprocessing.tensor(from: [picture])
    let expected = plan.inputs[0].shape
    guard input.shape.sizes.dropFirst().elementsEqual(expected.sizes) else {
      throw ZooError.corrupt(
        "\(name): its preprocessing produces \(input.shape), but its network takes 1×\(expected)")
    }
    guard let logits = try plan.run([plan.inputs[0].name: input])["logits"] else {
      throw ZooError.failure("\(name) gives no logits")
    }
    return logits.withValues {
      Classification(logits: $0, classes: checkpoint.classes, top: top)
    }
  }
}
