import ZooEngine
import ZooKit
import ZooStore
import ZooVision

/// A classifier's prediction for a picture.
public struct Classification: Sendable {
  public struct Guess: Sendable {
    public let name: String
    public let index: Int
    public let probability: Float
  }

  /// The most probable first.
  public let top: [Guess]

  /// The most probable classes by the softmax of the logits, which has one number per class.
  public init(logits: some Collection<Float>, classes: [String], top: Int) {
    let logits = logits.map(Double.init)
    let softmax = RowSoftmax(logits)
    self.top = logits.indices.sorted { (logits[$1], $0) < (logits[$0], $1) }.prefix(top).map {
      Guess(name: classes[$0], index: $0, probability: Float(softmax.share(of: logits[$0])))
    }
  }
}

extension Classification: Prediction {
  public var rows: [[String]] {
    [top.flatMap { [$0.name, String(describing: $0.probability)] }]
  }

  public var table: PredictionTable {
    PredictionTable(
      .number("%"), "class",
      rows: top.map { [decimal(Double($0.probability) * 100, digits: 1), $0.name] })
  }

  public func members(_ files: DrawnFiles) -> [(key: String, value: JSON)] {
    let guesses = top.map { guess -> JSON in
      [
        "class": JSON(guess.name), "index": JSON(guess.index),
        "probability": JSON(guess.probability),
      ]
    }
    return [("top", JSON(guesses))]
  }

  /// The picture with its most probable classes as bars.
  public func drawn(on picture: Picture) throws -> Picture {
    try picture.captioned(
      with: top.map { Bar($0.name, share: Double($0.probability), Colour(ofClass: $0.index)) })
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
