import ZooKit

/// What is explained of a model's answer.
public enum ExplanationTarget: Hashable, Sendable {
  /// What the model answers: its likeliest class, its first number, the class of most pixels, the box
  /// that it is surest of.
  case top
  /// A class, or a number that is predicted, by its name or index.
  case `class`(String)
  /// A number of a layer or stage. Without a place it is the largest of the channel.
  case neuron(layer: String, channel: Int, y: Int? = nil, x: Int? = nil)
}

extension ExplanationTarget {
  /// `layer3:17` or `layer3:17,4,5`.
  public init(neuron text: String) throws {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let numbers =
      parts.last?.split(separator: ",", omittingEmptySubsequences: false)
      .map { Int($0) } ?? []
    guard parts.count == 2, !parts[0].isEmpty, numbers.count == 1 || numbers.count == 3,
      let channel = numbers[0], numbers.allSatisfy({ $0.map { $0 >= 0 } ?? false })
    else {
      throw ZooError.usage(
        "--neuron wants STAGE:CHANNEL or STAGE:CHANNEL,Y,X, such as layer3:17,4,5, not “\(text)”")
    }
    self = .neuron(
      layer: String(parts[0]), channel: channel, y: numbers.count == 3 ? numbers[1] : nil,
      x: numbers.count == 3 ? numbers[2] : nil)
  }
}
