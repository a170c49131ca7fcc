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
  public func classify(_ picture: Picture, top: Int = 5) throws -> Classification {
    try Classifier(self).classify(picture, top: top)
  }
}
