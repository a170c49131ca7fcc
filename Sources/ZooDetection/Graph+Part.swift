import ZooKit

extension Graph {
  /// A stretch of a network, given by the names of its inputs and outputs.
  ///
  /// A detector runs its parts in turn and selects regions between them in plain Swift, because a
  /// graph has no control flow. A name is that of an input, an output, an operation or a stage.
  /// ```swift
  /// let proposing = Graph.Part(from: ["image"], to: ["objectness", "deltas"])
  /// ```
  public struct Part: Hashable, Sendable {
    public let from: [String]
    public let to: [String]
    /// The items of a batch are regions of pictures, so their number varies from run to run.
    public let takesRegions: Bool

    public init(from: [String], to: [String], takesRegions: Bool = false) {
      self.from = from
      self.to = to
      self.takesRegions = takesRegions
    }
  }

  /// The part as a graph of its own: its entries become inputs, and only operations that its
  /// outputs need are kept. Stages and parameters do not change.
  public func part(_ part: Part) throws -> Graph {
    let entries = try part.from.map { (name: $0, operation: try resolve($0)) }
    let exits = try part.to.map { (name: $0, operation: try resolve($0)) }
    let piece = self.part(from: entries, to: exits)
    if let other = piece.inputs.dropFirst(entries.count).first {
      throw ZooError.failure(
        "\(part.to.joined(separator: ", ")) need \(other.name), "
          + "which \(part.from.joined(separator: ", ")) do not give")
    }
    return piece
  }
}
