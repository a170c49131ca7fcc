import ZooEngine
import ZooKit
import ZooStore
import ZooVision

/// A model ready for one picture after another: compiled once.
public final class Regressor: Predictor {
  private let names: [String]
  private let scale: OutputScale?
  private let network: VectorNetwork

  /// A consumed model frees its weights once they are packed.
  public init(
    _ model: consuming Model, engine: EngineChoice = .auto, precision: Precision = .fp32
  ) throws {
    try model.check(isFor: .regression)
    (names, scale) = (model.checkpoint.classes, model.checkpoint.outputScale)
    network = try VectorNetwork(consume model, engine: engine, precision: precision)
  }

  public func regress(_ picture: Picture) throws -> Regression {
    let found = try network.logits(of: picture)
    let values = try scale?.restored(found) ?? found
    return Regression(values: zip(names, values.values).map { .init(name: $0, value: $1) })
  }

  public func predict(_ picture: Picture, progress: (Int, Int) -> Void) throws -> any Prediction {
    try regress(picture)
  }
}
