/// A symbolic value of a network, with which architectures are written. Its shape is known at once,
/// its numbers only when a plan runs.
///
/// Layers are methods on nodes; scopes give the names:
/// ```swift
/// image.sequential("features") {
///   $0.conv(to: 64, kernel: 3, padding: 1)     // features.0
///     .relu()                              // features.1
///     .maxPool(kernel: 2)                          // features.2
/// }
/// ```
public struct Node {
  let builder: GraphBuilder
  let index: Int
  public let shape: Shape

  init(_ builder: GraphBuilder, _ index: Int, _ shape: Shape) {
    self.builder = builder
    self.index = index
    self.shape = shape
  }

  /// Calls any layer, also one defined by a plugin. Without a name it takes the next index of a
  /// sequential scope, or else the layer's kind.
  public func callLayer(
    _ layer: any Layer, _ name: String? = nil, with others: [Node] = [],
    file: String = #fileID, line: Int = #line
  ) -> Node {
    builder.add(layer, name, [self] + others, Site(file: file, line: line))
  }

  /// Prefixes all names inside with `name`.
  public func scope(_ name: String, _ body: (Node) -> Node) -> Node {
    builder.scoped(name, counting: false) { body(self) }
  }

  /// Like ``scope(_:_:)``, and numbers the unnamed layers and scopes inside: `name.0`, `name.1`, …
  public func sequential(_ name: String? = nil, _ body: (Node) -> Node) -> Node {
    builder.scoped(name, counting: true) { body(self) }
  }

  /// A scope that takes the next index of the sequential scope around it.
  public func next(_ body: (Node) -> Node) -> Node {
    builder.scoped(nil, counting: false) { body(self) }
  }

  /// Marks everything inside as a stretch of the network that is frozen or tuned as one. Stages do
  /// not affect parameter names; they may nest.
  public func stage(_ name: String, _ body: (Node) -> Node) -> Node {
    builder.staged(name) { body(self) }
  }

  /// Makes the norms inside constant, even if the network around them learns.
  public func frozenNorms(_ body: (Node) -> Node) -> Node {
    builder.frozen { body(self) }
  }

  /// A name repeated inside means the same parameters: one head over several levels.
  public func shared(_ body: (Node) -> Node) -> Node {
    builder.shared { body(self) }
  }
}
