import ZooKit

/// How a picture of any shape is fitted to the network's input.
public enum Fit: String, Sendable, CaseIterable {
  /// Stretches both sides, whatever the proportion.
  case stretch
  /// Keeps the proportion and fills the rest with grey borders.
  case letterbox
}

extension Model {
  /// The same model with another way of fitting pictures than in its record.
  ///
  /// ```swift
  /// let model = try zoo.model("yolov4-tiny").fitting(.letterbox)
  /// ```
  /// - Throws: if its pictures keep their own sizes, so that there is nothing to choose.
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
