/// A rectangle between two corners, in pixels of a picture: pixel (0, 0) is the square from (0, 0)
/// to (1, 1).
public struct Frame: Hashable, Sendable {
  public var x0, y0, x1, y1: Double

  public init(x0: Double, y0: Double, x1: Double, y1: Double) {
    (self.x0, self.y0, self.x1, self.y1) = (x0, y0, x1, y1)
  }

  public var width: Double { x1 - x0 }
  public var height: Double { y1 - y0 }

  func inset(by margin: Double) -> Frame {
    Frame(x0: x0 + margin, y0: y0 + margin, x1: x1 - margin, y1: y1 - margin)
  }

  func overlaps(_ other: Frame) -> Bool {
    x0 < other.x1 && other.x0 < x1 && y0 < other.y1 && other.y0 < y1
  }
}
