import ZooEngine
import ZooKit
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
    network = try VectorNetwork(consume model, engine: engine, precision: precision, load: load)
  }

  /// The `top` most probable classes of a picture.
  public func classify(_ picture: Picture, top: Int = 5) throws -> Classification {
    try classifications(network.logits(of: [picture]), top: top)[0]
  }

  /// The same for several pictures, computed in batches of 16.
  public func classify(_ pictures: [Picture], top: Int = 5) throws -> [Classification] {
    pictures.isEmpty ? [] : try classifications(network.logits(of: pictures), top: top)
  }

  func classifications(_ logits: Tensor, top: Int) throws -> [Classification] {
    try logits.rows.map { row in
      row.withValues { Classification(logits: $0, classes: classes, top: top) }
    }
  }
}
