import ZooEngine
import ZooKit
import ZooStore
import ZooVision

/// Predicts the numbers of pictures, for callers on any number of threads.
public final class Regressor: Predictor {
  private let names: [String]
  private let scale: OutputScale?
  private let network: VectorNetwork

  public convenience init(
    _ model: consuming Model, engine: EngineChoice = .auto, precision: Precision = .fp32
  ) throws {
    try self.init(consume model, engine: engine, precision: precision, load: nil)
  }

  /// A consumed model frees its weights once they are packed, if the load is known.
  init(
    _ model: consuming Model, engine: EngineChoice, precision: Precision, load: Load?
  ) throws {
    try model.check(isFor: .regression)
    (names, scale) = (model.checkpoint.classes, model.checkpoint.outputScale)
    network = try VectorNetwork(consume model, engine: engine, precision: precision, load: load)
  }

  public func regress(_ picture: Picture) throws -> Regression {
    try regressions(network.logits(of: [picture]))[0]
  }

  /// The same for several pictures, computed in batches of 16.
  public func regress(_ pictures: [Picture]) throws -> [Regression] {
    pictures.isEmpty ? [] : try regressions(network.logits(of: pictures))
  }

  public var columns: [String] { names }

  public func prepare(_ picture: Picture) throws -> PreparedPicture {
    .input(try network.input(for: picture))
  }

  public func predict(
    _ pictures: [PreparedPicture], progress: (_ done: Int, _ of: Int) -> Void
  ) throws -> [any Prediction] {
    try regressions(network.logits(ofInputs: pictures.map { try $0.input(network.input(for:)) }))
  }

  private func regressions(_ found: Tensor) throws -> [Regression] {
    try (scale?.restored(found) ?? found).rows.map { row in
      Regression(values: zip(names, row.values).map { .init(name: $0, value: $1) })
    }
  }
}
