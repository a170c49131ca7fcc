import Glibc

/// Lines of points, in pixels from the top left corner of a picture: pixel (0, 0) is the square
/// from (0, 0) to (1, 1).
///
/// Coordinates may be anything: far outside they are cut off, and a path in which one is not a
/// number draws nothing.
public struct Path: Sendable {
  public typealias Point = SIMD2<Double>

  /// To fill, each is closed; to stroke, only where its last point is its first.
  public internal(set) var contours: [[Point]] = []

  public init(_ contours: [Point]...) { self.contours = contours }

  /// A rectangle, its corners rounded by as much as its sides allow.
  public static func rectangle(_ frame: Frame, radius: Double = 0) -> Path {
    let radius = max(0, min(radius, frame.width / 2, frame.height / 2))
    let (x0, y0, x1, y1) = (frame.x0, frame.y0, frame.x1, frame.y1)
    guard radius > 0 else { return Path([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]) }
    return Path(
      arc([x1 - radius, y0 + radius], radius, from: -0.25)
        + arc([x1 - radius, y1 - radius], radius, from: 0)
        + arc([x0 + radius, y1 - radius], radius, from: 0.25)
        + arc([x0 + radius, y0 + radius], radius, from: 0.5))
  }

  public static func circle(_ centre: Point, radius: Double) -> Path {
    Path((0..<4).flatMap { arc(centre, radius, from: Double($0) / 4) })
  }

  /// A quarter of a circle, clockwise as one sees it, angles in turns.
  private static func arc(_ centre: Point, _ radius: Double, from start: Double) -> [Point] {
    let steps = curveSteps(radius)
    return (0...steps).map { step in
      let angle = 2 * Double.pi * (start + Double(step) / Double(steps) / 4)
      return centre + radius * Point(cos(angle), sin(angle))
    }
  }

  /// Chords for a quarter of a circle, none further from it than a fiftieth of a pixel.
  static func curveSteps(_ radius: Double) -> Int {
    // A chord over the angle a is r·(1 − cos(a/2)) ≈ r·a²/8 away.
    guard radius > 0, radius < 1e9 else { return 1 }
    return max(2, Int((Double.pi / 2 / (0.16 / radius).squareRoot()).rounded(.up)))
  }

  /// The points, where all of them are numbers, none further away than any picture reaches.
  var reachable: [[Point]]? {
    let far = Point(repeating: 1e9)
    var cut = contours
    for contour in cut.indices {
      for index in cut[contour].indices {
        let point = cut[contour][index]
        guard !point.x.isNaN, !point.y.isNaN else { return nil }
        cut[contour][index] = point.clamped(lowerBound: -far, upperBound: far)
      }
    }
    return cut
  }
}

/// A rectangle between two corners, in pixels of a picture.
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
