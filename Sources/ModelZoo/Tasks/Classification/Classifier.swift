import ZooEngine
import ZooKit
import ZooStore
import ZooVision

/// A compiled model for single pictures.
public final class Classifier {
  private let classes: [String]
  private let network: VectorNetwork

  /// A consumed model frees its weights once they are packed.
  public init(
    _ model: consuming Model, engine: EngineChoice = .auto, precision: Precision = .fp32
  ) throws {
    try model.check(isFor: .classification)
    classes = model.checkpoint.classes
    network = try VectorNetwork(consume model, engine: engine, precision: precision)
  }

  public func classify(_ picture: Picture, top: Int = 5) throws -> Classification {
    try network.logits(of: picture).withValues {
      Classification(logits: $0, classes: classes, top: top)
    }
  }
}
