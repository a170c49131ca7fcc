import ZooKit

/// How pictures of any shape come into the one that a network takes.
public enum Fit: String, Sendable, CaseIterable {
  /// Both sides become what they must, whatever that does to the proportion.
  case stretch
  /// The proportion stays, and grey borders fill what is left.
  case letterbox
}

extension Model {
  /// The same model for pictures that are fitted in another way than its record says.
  ///
  /// ```swift
  /// let model = try zoo.model("yolov4-tiny").fitting(.letterbox)
  /// ```
  /// - Throws: its pictures come in sizes of their own, so that there is nothing to choose.
  public func fitting(_ fit: Fit) throws -> Model {
    var checkpoint = checkpoint
    switch (checkpoint.preprocessing.resize, fit) {
    case (.exact, .stretch), (.letterbox, .letterbox): return self
    case (.exact(let height, let width), .letterbox):
      checkpoint.preprocessing.resize = .letterbox(height: height, width: width, level: 127)
    case (.letterbox(let height, let width, _), .stretch):
      checkpoint.preprocessing.resize = .exact(height: height, width: width)
    case (.none, _), (.shorterSide, _), (.within, _):
      throw ZooError.usage(
        "\(name) keeps the proportion of pictures already; there is nothing to fit")
    }
    return Model(
      name: name, checkpoint: checkpoint, variant: variant, graph: graph, weights: weights)
  }
}
