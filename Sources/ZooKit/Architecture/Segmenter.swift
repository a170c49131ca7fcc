/// An architecture that predicts a class for every pixel: its output `logits` is a map with one
/// channel per class, or one channel if there is a single class.
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
/// Pictures may have any size. The caller pads them, or cuts large ones into tiles, according to
/// ``tiling``.
public protocol Segmenter: Architecture {
  var tiling: Tiling { get }
}

extension Segmenter {
  public var task: VisionTask { .segmentation }
  public var form: OutputForm { .map }
  public var classes: Int { 1 }
  public var tiling: Tiling { .init() }
}

/// The picture sizes that a network takes, and the position of its map within them.
public struct Tiling: Hashable, Sendable {
  /// The shortest side of a picture.
  public var least: Int
  /// Longer sides exceed it by a multiple of this.
  public var step: Int
  /// How much the map lacks at each border, because of convolutions without padding.
  public var margin: Int
  /// How far from an artificial border the map can differ from that of the whole picture.
  public var reach: Int

  public init(least: Int = 32, step: Int = 32, margin: Int = 0, reach: Int = 64) {
    self.least = least
    self.step = step
    self.margin = margin
    self.reach = reach
  }

  public func takes(_ side: Int) -> Bool { side >= least && (side - least) % step == 0 }

  /// The shortest side whose map has at least this length.
  public func side(for map: Int) -> Int {
    let missing = max(0, map + 2 * margin - least)
    return least + (missing + step - 1) / step * step
  }
}
