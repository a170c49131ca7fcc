extension Canvas {
  /// Writes a line of text from the left end of its baseline, which is moved to the nearest row of
  /// pixels. The size is in pixels; a capital is 0.7 of it high.
  public func write(_ text: String, at start: Path.Point, size: Double, _ colour: Colour) {
    guard let start = Path([start]).reachable?.first?.first, size > 0, size < 1e5 else { return }
    let grid = Grid(size: size)
    var origin = Path.Point(start.x, start.y.rounded())
    var segments: [Segment] = []
    for character in text {
      let glyph = Typeface.glyph(character)
      for stroke in glyph.strokes {
        // A dot needs more ink than a stem to look as dark.
        let radius = grid.penWidth / 2 * (stroke.curves.isEmpty ? 1.3 : 1)
        segments += Segment.chain(stroke.points(origin, grid), radius: radius)
      }
      origin.x += glyph.advance * grid.scale
      if origin.x > Double(width) { break }
    }
    self.stroke(segments, colour)
  }
}

extension Glyph.Stroke {
  fileprivate func points(_ origin: Path.Point, _ grid: Grid) -> [Path.Point] {
    func placed(_ point: Path.Point) -> Path.Point {
      [origin.x + point.x * grid.scale, origin.y - grid.height(point.y)]
    }
    var at = placed(start)
    var points = [at]
    for curve in curves {
      let (a, b, end) = (placed(curve.0), placed(curve.1), placed(curve.2))
      let isLine = abs(cross(a - at, end - at)) + abs(cross(b - at, end - at)) < 1e-3
      let extent = end - at
      let steps =
        isLine ? 1 : Path.curveSteps(max(abs(extent.x), abs(extent.y)))
      for step in 1...steps {
        let t = Double(step) / Double(steps)
        let s = 1 - t
        let near = s * s * s * at + 3 * s * s * t * a
        points.append(near + 3 * s * t * t * b + t * t * t * end)
      }
      at = end
    }
    return points
  }
}

private func cross(_ a: Path.Point, _ b: Path.Point) -> Double { a.x * b.y - a.y * b.x }
