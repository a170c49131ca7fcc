import Glibc

// Building blocks for networks on another family's features.

extension Node {
  /// Another family's features, looked up by the name of a variant. So a detector or decoder can
  /// use any classifier, although no plugin imports another.
  ///
  /// ```swift
  /// let features = image.scope("backbone.body") { $0.features(of: "resnet50") }
  /// let levels = image.levels(through: features)
  /// ```
  public func features(
    of variant: String, file: String = #fileID, line: Int = #line
  ) -> Node {
    do {
      let architecture = try Registry.linked().variant(variant).architecture
      builder.borrow(variant)
      return architecture.features(self)
    } catch {
      return refused((error as? ZooError)?.message ?? "\(error)", file: file, line: line)
    }
  }

  /// The last map of each size between this picture and its features, the finest first: the levels
  /// of a pyramid, and the skips of a decoder.
  ///
  /// Only maps that all later operations depend on count, so the inside of a residual block does
  /// not. Sizes less than a factor of √2 apart are one level, so that convolutions without padding
  /// add no levels.
  public func levels(through features: Node) -> [Node] {
    var last: [Int: Node] = [:]
    let (height, width) = (Double(shape.height), Double(shape.width))
    let path = builder.operations.ancestors(of: [features.index]).sorted()
    var lastUse: [Int: Int] = [:]
    for index in path {
      for input in builder.operations[index].inputs { lastUse[input] = index }
    }
    /// The latest operation that reads an older one.
    var reach = self.index
    for index in path where index >= self.index {
      let isPassed = reach <= index
      reach = max(reach, lastUse[index] ?? index)
      let map = builder.operations[index].shape
      guard isPassed, index > self.index, map.rank == 3, map.count > 0 else { continue }
      // Use the longer side, which is more precise.
      let ratio = max(height, width) / Double(height >= width ? map.height : map.width)
      last[Int(log2(ratio).rounded())] = Node(builder, index, map)
    }
    return last.sorted { $0.key < $1.key }.map(\.value)
  }

  /// Another input of the graph, such as the regions of a detector's second stage, of which a
  /// picture has up to `count`.
  public func newInput(
    _ name: String, _ shape: Shape, count: Int = 1, file: String = #fileID, line: Int = #line
  ) -> Node {
    builder.input(name, shape, count: count, Site(file: file, line: line))
  }

  /// Records that the graph cannot be built, and why. Building continues, and the graph throws at
  /// the end.
  public func refused(
    _ reason: String, file: String = #fileID, line: Int = #line
  ) -> Node {
    builder.refuse(reason, Site(file: file, line: line))
    return self
  }
}
