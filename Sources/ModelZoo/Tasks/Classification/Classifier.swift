import ZooEngine
import ZooKit
import ZooMetrics
import ZooStore
import ZooVision

/// A classifier for callers on any number of threads.
///
/// A model's own `classify` is the same with the usual engine and precision.
///
/// ```swift
/// let classifier = try Classifier(model, precision: .bf16)
/// let answer = try classifier.classify(picture)
/// ```
public final class Classifier: Sendable {
  let classes: [String]
  let network: VectorNetwork
  private let temperature: Double
  /// How pictures are told that are unlike those the model knows.
  private let known: (distance: FeatureDistance, threshold: Double)?

  /// Whether answers say that a picture is unlike all that the model knows.
  var tellsUnknown: Bool { known != nil }

  public convenience init(
    _ model: consuming Model, engine: EngineChoice = .auto, precision: Precision = .fp32
  ) throws {
    try self.init(consume model, engine: engine, precision: precision, load: nil)
  }

  /// A consumed model frees its weights once they are packed, if the load is known.
  init(
    _ model: consuming Model, engine: EngineChoice, precision: Precision, load: Load?
  ) throws {
    try model.check(isFor: .classification)
    classes = model.checkpoint.classes
    temperature = model.checkpoint.confidence?.temperature ?? 1
    let novelty = model.checkpoint.novelty
    known = try novelty.flatMap { novelty in
      try novelty.arrays.map {
        (
          distance: try FeatureDistance(whitening: $0.whitening, means: $0.means),
          threshold: novelty.threshold
        )
      }
    }
    network = try VectorNetwork(
      consume model, engine: engine, precision: precision, load: load,
      keeping: known == nil ? [] : novelty?.nodes ?? [])
  }

  /// The `top` most probable classes of a picture.
  public func classify(_ picture: Picture, top: Int = 5) throws -> Classification {
    try classifications(network.outputs(of: [picture]), top: top)[0]
  }

  /// The same for several pictures, computed in batches of 16.
  public func classify(_ pictures: [Picture], top: Int = 5) throws -> [Classification] {
    pictures.isEmpty ? [] : try classifications(network.outputs(of: pictures), top: top)
  }

  func classifications(_ outputs: VectorNetwork.Outputs, top: Int) throws -> [Classification] {
    return try outputs.logits.rows.enumerated().map { index, row in
      var answer = row.withValues {
        Classification(logits: $0, classes: classes, top: top, temperature: temperature)
      }
      if let known {
        let features = outputs.features.map { $0.row(index) }
        answer.novelty = .init(
          distance: try known.distance(to: features), threshold: known.threshold)
      }
      return answer
    }
  }
}
