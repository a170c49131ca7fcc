import ZooKit

/// A rectangle given by two corners, in continuous coordinates: pixel (0, 0) spans 0 to 1.
///
/// In float32, like the networks that produce boxes.
public struct Box: Hashable, Sendable {
  public var x0, y0, x1, y1: Float

  public init(_ x0: Float, _ y0: Float, _ x1: Float, _ y1: Float) {
    (self.x0, self.y0, self.x1, self.y1) = (x0, y0, x1, y1)
  }

  /// From the centre.
  public init(centreX: Float, centreY: Float, width: Float, height: Float) {
    self.init(
      centreX - width / 2, centreY - height / 2, centreX + width / 2, centreY + height / 2)
  }

  public var width: Float { x1 - x0 }
  public var height: Float { y1 - y0 }
  public var centreX: Float { x0 + 0.5 * width }
  public var centreY: Float { y0 + 0.5 * height }
  public var area: Float { width * height }
  public var isFinite: Bool { x0.isFinite && y0.isFinite && x1.isFinite && y1.isFinite }

  /// The part inside a picture of this size.
  public func clipped(to size: Window.Size) -> Box {
    let (width, height) = (Float(size.width), Float(size.height))
    return Box(
      min(max(x0, 0), width), min(max(y0, 0), height), min(max(x1, 0), width),
      min(max(y1, 0), height))
  }

  /// Whether both sides have at least this length; false if a coordinate is NaN.
  public func hasSides(atLeast side: Float) -> Bool { width >= side && height >= side }
}
