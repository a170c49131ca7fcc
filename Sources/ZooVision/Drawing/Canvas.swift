import CPicture
import Glibc
import ZooKit

/// An RGB picture to draw on; see ``Picture/drawn(_:)``.
///
/// Coordinates may be anything: distant ones are clipped, and a shape with a NaN is not drawn.
public struct Canvas: ~Copyable {
  private let cairo: ZooCairo
  private let context: OpaquePointer?
  /// The start of the part of the picture that Cairo draws on.
  private let origin: SIMD2<Double>

  /// Fills a rectangle, with its corners rounded as far as its sides allow.
  public func fill(_ frame: Frame, radius: Double = 0, _ colour: Colour) {
    guard trace(frame, radius) else { return }
    set(colour)
    cairo.fill(context)
  }

  /// Draws a line around a rectangle, inside it.
  public func outline(
    _ frame: Frame, lineWidth: Double, radius: Double = 0, _ colour: Colour
  ) {
    guard lineWidth > 0, lineWidth < .infinity else { return }
    guard lineWidth < min(frame.width, frame.height) / 2 else {
      return fill(frame, radius: radius, colour)
    }
    guard trace(frame.inset(by: lineWidth / 2), radius - lineWidth / 2) else { return }
    set(colour)
    cairo.set_line_width(context, lineWidth)
    cairo.stroke(context)
  }

  /// Writes a line of text, starting at the left end of its baseline.
  public func write(
    _ text: String, at start: SIMD2<Double>, _ typeface: Typeface, _ colour: Colour
  ) {
    guard let start = reachable(start) else { return }
    set(colour)
    cairo.set_scaled_font(context, typeface.font)
    cairo.move_to(context, start.x, start.y)
    cairo.show_text(context, text)
  }

  private func set(_ colour: Colour) {
    cairo.set_source_rgba(
      context, Double(colour.red) / 255, Double(colour.green) / 255, Double(colour.blue) / 255,
      colour.alpha)
  }

  /// Makes a rectangle the current path; false if one of its numbers is NaN.
  private func trace(_ frame: Frame, _ radius: Double) -> Bool {
    guard !radius.isNaN, let low = reachable([frame.x0, frame.y0]),
      let high = reachable([frame.x1, frame.y1])
    else { return false }
    let sides = high - low
    guard sides.min() > 0 else { return false }
    let radius = max(0, min(radius, sides.min() / 2))
    cairo.new_path(context)
    let (a, b) = (low + radius, high - radius)
    let corners: [SIMD2<Double>] = [[b.x, a.y], b, [a.x, b.y], a]
    for (turn, corner) in corners.enumerated() {
      let from = (Double(turn) - 1) * .pi / 2
      cairo.arc(context, corner.x, corner.y, radius, from, from + .pi / 2)
    }
    cairo.close_path(context)
    return true
  }

  /// Cairo's coordinates end at 2²³.
  private func reachable(_ point: SIMD2<Double>) -> SIMD2<Double>? {
    guard !point.x.isNaN, !point.y.isNaN else { return nil }
    let far = SIMD2(repeating: 1e6)
    return (point - origin).clamped(lowerBound: -far, upperBound: far)
  }
}

extension Canvas {
  /// Cairo's pictures have at most 32,767 pixels on a side.
  private static let longest = 1 << 14

  /// Draws on an RGB picture, in parts if it is very long.
  static func draw(
    on pixels: UnsafeMutablePointer<UInt8>, width: Int, height: Int,
    _ draw: (borrowing Canvas) throws -> Void
  ) throws {
    let cairo = try cairo
    for y in stride(from: 0, to: height, by: longest) {
      for x in stride(from: 0, to: width, by: longest) {
        let (columns, rows) = (min(longest, width - x), min(longest, height - y))
        let part = pixels + 3 * (y * width + x)
        guard let bytes = malloc(4 * columns * rows) else {
          throw ZooError.system("not enough memory to draw on \(width)×\(height) pixels")
        }
        defer { free(bytes) }
        zoo_cairo_read(bytes, part, 3 * width, columns, rows)
        let surface = cairo.image_surface_create_for_data(
          bytes, Int32(zoo_cairo_format_rgb24), Int32(columns), Int32(rows), Int32(4 * columns))
        defer { cairo.surface_destroy(surface) }
        let context = cairo.create(surface)
        defer { cairo.destroy(context) }
        try draw(Canvas(cairo: cairo, context: context, origin: [Double(x), Double(y)]))
        try cairo.check(cairo.status(context))
        cairo.surface_flush(surface)
        zoo_cairo_write(bytes, part, 3 * width, columns, rows)
      }
    }
  }

  static var cairo: ZooCairo {
    get throws {
      guard let cairo = zoo_cairo() else {
        throw ZooError.unavailable(
          "Cairo, which draws, is not installed: no libcairo.so.2 (Debian and Ubuntu: apt install "
            + "libcairo2)")
      }
      return cairo.pointee
    }
  }
}

extension ZooCairo {
  func check(_ status: Int32) throws {
    guard status != zoo_cairo_success else { return }
    let words = status_to_string(status).map { String(cString: $0) } ?? "status \(status)"
    // CAIRO_STATUS_NO_MEMORY
    throw ZooError(status == 1 ? .system : .failure, "Cairo cannot draw: \(words)")
  }
}

extension Picture {
  /// The picture in RGB with something drawn on it.
  ///
  /// ```swift
  /// let letters = try Typeface(size: 16)
  /// let marked = try photo.drawn { canvas in
  ///   canvas.fill(Frame(x0: 40, y0: 30, x1: 90, y1: 50), radius: 4, .white)
  ///   canvas.write("here", at: [45, 46], letters, .black)
  /// }
  /// ```
  public func drawn(_ draw: (borrowing Canvas) throws -> Void) throws -> Picture {
    var drawn = try rgb
    try drawn.draw(draw)
    return drawn
  }

  /// Draws on an RGB picture, without a copy unless another picture shares its memory.
  mutating func draw(_ draw: (borrowing Canvas) throws -> Void) throws {
    let (width, height) = (width, height)
    guard channels == 3 else {
      throw ZooError.failure("a picture of \(channels) channels cannot be drawn on: RGB is needed")
    }
    try withMutablePixels { pixels in
      guard let start = pixels.baseAddress else { return }
      try Canvas.draw(on: start, width: width, height: height, draw)
    }
  }

  /// The factor by which a small picture is enlarged before drawing, so that text fits; 1 for all
  /// others.
  var drawingScale: Int {
    let least = 400
    return (least + max(width, height) - 1) / max(width, height)
  }

  /// Enlarged for drawing, in RGB: smoothly by small factors, and in whole squares if each pixel
  /// should stay visible.
  func enlargedForDrawing() throws -> Picture {
    let scale = drawingScale
    guard scale > 1 else { return try rgb }
    return try rgb.resized(
      to: Window.Size(height * scale, width * scale),
      interpolation: scale < 5 ? .bicubic : .nearest)
  }
}
