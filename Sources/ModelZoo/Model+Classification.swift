import Glibc
import ZooEngine
import ZooKit
import ZooStore
import ZooVision

/// What a classifier says about a picture.
public struct Classification: Sendable {
  public struct Guess: Sendable {
    public let name: String
    public let index: Int
    public let probability: Float
  }

  /// The likeliest first.
  public let top: [Guess]

  /// The likeliest classes by the softmax of the logits, one number for each class.
  public init(logits: some Collection<Float>, classes: [String], top: Int) {
    let largest = Double(logits.max() ?? 0)
    let odds = logits.map { exp(Double($0) - largest) }
    let sum = odds.reduce(0, +)
    self.top = odds.indices.sorted { (odds[$1], $0) < (odds[$0], $1) }.prefix(top).map {
      Guess(name: classes[$0], index: $0, probability: Float(odds[$0] / sum))
    }
  }
}

extension Classification {
  /// The picture with the likeliest classes as bars.
  public func drawn(on picture: Picture) throws -> Picture {
    try picture.captioned(
      with: top.map { Bar($0.name, share: Double($0.probability), Colour(ofClass: $0.index)) })
  }
}

extension Model {
  /// The likeliest classes of one picture.
  public func classify(_ picture: Picture, top: Int = 5) throws -> Classification {
    try Classifier(self).classify(picture, top: top)
  }
}

/// A model ready for one picture after another: compiled once.
public final class Classifier {
  private let name: String
  private let checkpoint: Checkpoint
  private let plan: InferencePlan

  /// Whoever gives the model away lets its weights go when they are packed.
  public init(
    _ model: consuming Model, engine: EngineChoice = .auto, precision: Precision = .fp32
  ) throws {
    guard model.checkpoint.task == .classification else {
      throw ZooError.usage("\(model.name) is for \(model.checkpoint.task.rawValue)")
    }
    guard model.checkpoint.head != .none else {
      throw ZooError.usage("\(model.name) ends with its features and knows no classes")
    }
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
        "\(name): its preprocessing makes \(input.shape), its network takes 1×\(expected)")
    }
    guard let logits = try plan.run([plan.inputs[0].name: input])["logits"] else {
      throw ZooError.failure("\(name) gives no logits")
    }
    return logits.withValues {
      Classification(logits: $0, classes: checkpoint.classes, top: top)
    }
  }
}
