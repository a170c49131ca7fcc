import ZooEngine
import ZooKit
import ZooMetrics
import ZooStore
import ZooVision

/// A classifier's prediction for a picture.
public struct Classification: Sendable {
  public struct Guess: Sendable {
    public let name: String
    public let index: Int
    public let probability: Float
  }

  /// How far a picture is from those that the model knows.
  public struct Novelty: Sendable {
    /// About 1 for known pictures.
    public let distance: Double
    public let threshold: Double

    /// Whether the picture is unlike anything the model has seen, so that its classes mean nothing.
    public var isUnlike: Bool { distance > threshold }
  }

  /// The most probable first.
  public let top: [Guess]
  /// Nil if the model cannot tell; `zoo calibrate` fits it.
  public internal(set) var novelty: Novelty?

  /// The most probable classes by the softmax of the logits, which has one number per class.
  /// `temperature`: divides the logits.
  public init(
    logits: some Collection<Float>, classes: [String], top: Int, temperature: Double = 1
  ) {
    let logits = logits.map { Double($0) / temperature }
    let softmax = RowSoftmax(logits)
    self.init(logits.map { Float(softmax.share(of: $0)) }, ordered: logits, classes, top)
  }

  /// The most probable of all classes.
  public init(probabilities: [Float], classes: [String], top: Int) {
    self.init(probabilities, ordered: probabilities.map(Double.init), classes, top)
  }

  /// Logits may differ where probabilities are equal.
  private init(_ probabilities: [Float], ordered: [Double], _ classes: [String], _ top: Int) {
    self.top = ordered.indices.sorted { (ordered[$1], $0) < (ordered[$0], $1) }.prefix(top).map {
      Guess(name: classes[$0], index: $0, probability: probabilities[$0])
    }
  }
}

extension Classification: Prediction {
  public var rows: [[String]] {
    [
      top.flatMap { [$0.name, String(describing: $0.probability)] }
        + (novelty.map { ["\($0.distance)", "\($0.isUnlike)"] } ?? [])
    ]
  }

  public var table: PredictionTable {
    PredictionTable(
      .number("%"), "class",
      rows: top.map { [decimal(Double($0.probability) * 100, digits: 1), $0.name] },
      note: remark ?? "")
  }

  public func members(_ files: DrawnFiles) -> [(key: String, value: JSON)] {
    let guesses = top.map { guess -> JSON in
      [
        "class": JSON(guess.name), "index": JSON(guess.index),
        "probability": JSON(guess.probability),
      ]
    }
    guard let novelty else { return [("top", JSON(guesses))] }
    return [
      ("top", JSON(guesses)), ("unlike", JSON(novelty.isUnlike)),
      ("distance", JSON(novelty.distance)), ("threshold", JSON(novelty.threshold)),
    ]
  }

  /// The picture with its most probable classes as bars.
  public func drawn(on picture: Picture) throws -> Picture {
    try picture.captioned(
      with: (novelty?.isUnlike == true ? [Bar("unlike anything it has seen", value: "")] : [])
        + top.map { Bar($0.name, share: Double($0.probability), Colour(ofClass: $0.index)) })
  }

  private var remark: String? {
    guard let novelty, novelty.isUnlike else { return nil }
    return
      "unlike anything it has seen: distance \(decimal(novelty.distance, digits: 2)), threshold "
      + decimal(novelty.threshold, digits: 2)
  }
}

extension Model {
  /// The most probable classes of one picture.
  ///
  /// ```swift
  /// let answer = try model.classify(Picture(contentsOf: "cat.jpg"))
  /// print(answer.top[0].name, answer.top[0].probability)
  /// ```
  /// The first call compiles the network; the model and its copies keep the result. Safe to call from
  /// any number of tasks at once.
  public func classify(_ picture: Picture, top: Int = 5) throws -> Classification {
    try kept { try Classifier($0, engine: $1, precision: $2) }.classify(picture, top: top)
  }

  /// The same for several pictures, computed in batches of 16.
  public func classify(_ pictures: [Picture], top: Int = 5) throws -> [Classification] {
    try kept { try Classifier($0, engine: $1, precision: $2) }.classify(pictures, top: top)
  }
}
