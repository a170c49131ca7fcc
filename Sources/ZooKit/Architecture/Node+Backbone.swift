import Glibc

// What a network is made of that stands on another family's features.

extension Node {
  /// Another family's features, asked for by the name of a variant: a detector and a decoder stand
  /// on any classifier, and no plugin sees another.
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

  /// The last map at each size on the way from this picture to its features, the finest first:
  /// what a pyramid is built on, and what a decoder takes as its skips.
  ///
  /// Only maps count through which everything passes: what a residual block has inside is none.
  /// Sizes that are less than a factor of √2 apart are one level, so that convolutions which eat a
  /// border make none of their own.
  public func levels(through features: Node) -> [Node] {
    var last: [Int: Node] = [:]
    let (height, width) = (Double(shape.height), Double(shape.width))
    let path = builder.ancestors(of: features.index)
    var lastUse: [Int: Int] = [:]
    for index in path {
      for input in builder.operations[index].inputs { lastUse[input] = index }
    }
    /// The furthest operation that reads something older.
    var reach = self.index
    for index in path where index >= self.index {
      let isPassed = reach <= index
      reach = max(reach, lastUse[index] ?? index)
      let map = builder.operations[index].shape
      guard isPassed, index > self.index, map.rank == 3, map.count > 0 else { continue }
      // Of the two sides the one that says more.
      let ratio = max(height, width) / Double(height >= width ? map.height : map.width)
      last[Int(log2(ratio).rounded())] = Node(builder, index, map)
    }
    return last.sorted { $0.key < $1.key }.map(\.value)
  }

  /// Another place where values enter the graph: the regions of a detector's second stage, of which
  /// a picture has up to `count`.
  public func newInput(
    _ name: String, _ shape: Shape, count: Int = 1, file: String = #fileID, line: Int = #line
  ) -> Node {
    builder.input(name, shape, count: count, Site(file: file, line: line))
  }

  /// Tells that the graph cannot be built, and why; building goes on, the graph throws in the end.
  public func refused(
    _ reason: String, file: String = #fileID, line: Int = #line
  ) -> Node {
    builder.refuse(reason, Site(file: file, line: line))
    return self
  }
}
