/// An architecture that tells what every place of a picture shows: its output `logits` is a map
/// with one channel for each class, or with one channel for the only class there is.
///
/// ```swift
/// struct Tiny: Segmenter {
///   static let name = "Tiny"
///   static let paper = "an example"
///   static let variants = ["tiny": Tiny()]
///   func features(_ image: Node) -> Node {
///     image.conv("conv", to: 16, kernel: 3, padding: 1).relu()
///   }
///   func head(_ features: Node, classes: Int) -> Node {
///     features.conv("classes", to: classes, kernel: 1)
///   }
/// }
/// ```
/// Pictures come in any size. Who runs a segmenter pads them, or cuts large ones into tiles, by what
/// ``tiling`` says.
public protocol Segmenter: Architecture {
  var tiling: Tiling { get }
}

extension Segmenter {
  public var task: VisionTask { .segmentation }
  public var classes: Int { 1 }
  public var tiling: Tiling { .init() }
}

/// Which pictures a network takes, and where its map lies in them.
public struct Tiling: Hashable, Sendable {
  /// The shortest side of a picture.
  public var least: Int
  /// Longer ones are longer by a multiple of this.
  public var step: Int
  /// What is missing from the map at each border: what convolutions without padding eat.
  public var margin: Int
  /// How far from a border that is not the picture's own the map can differ from that of the whole
  /// picture.
  public var reach: Int

  public init(least: Int = 32, step: Int = 32, margin: Int = 0, reach: Int = 64) {
    self.least = least
    self.step = step
    self.margin = margin
    self.reach = reach
  }

  public func takes(_ side: Int) -> Bool { side >= least && (side - least) % step == 0 }

  /// The shortest side whose map is at least so long.
  public func side(for map: Int) -> Int {
    let missing = max(0, map + 2 * margin - least)
    return least + (missing + step - 1) / step * step
  }
}
