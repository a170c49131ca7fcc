import CPicture
import ZooKit

/// The font of drawings at one size: DejaVu Sans, or this machine's sans serif. Without any font
/// Cairo has a built-in one for ASCII.
public final class Typeface {
  private let cairo: ZooCairo
  let font: OpaquePointer?
  /// From the baseline to the top of a capital, in pixels.
  public let capHeight: Double

  /// - Parameter size: In pixels; a capital is about 0.7 of it high.
  public init(size: Double) throws {
    let cairo = try Canvas.cairo
    let face = cairo.toy_font_face_create("DejaVu Sans", 0, 0)
    defer { cairo.font_face_destroy(face) }
    // Set explicitly instead of by the machine's settings, so that a drawing is the same on every
    // run.
    let options = cairo.font_options_create()
    defer { cairo.font_options_destroy(options) }
    cairo.font_options_set_antialias(options, Int32(zoo_cairo_antialias_grey))
    cairo.font_options_set_hint_style(options, Int32(zoo_cairo_hint_style_slight))
    cairo.font_options_set_hint_metrics(options, Int32(zoo_cairo_hint_metrics_on))
    let size = size.isNaN ? 1 : min(max(size, 1), 1e4)
    var scale = ZooCairoMatrix(xx: size, yx: 0, xy: 0, yy: size, x0: 0, y0: 0)
    var unscaled = ZooCairoMatrix(xx: 1, yx: 0, xy: 0, yy: 1, x0: 0, y0: 0)
    font = cairo.scaled_font_create(face, &scale, &unscaled, options)
    self.cairo = cairo
    try cairo.check(cairo.scaled_font_status(font))
    var capital = ZooCairoTextExtents()
    cairo.scaled_font_text_extents(font, "H", &capital)
    capHeight = -capital.y_bearing.rounded()
  }

  deinit { cairo.scaled_font_destroy(font) }

  /// The width of a line of text, in pixels.
  public func width(of text: some StringProtocol) -> Double {
    var extents = ZooCairoTextExtents()
    cairo.scaled_font_text_extents(font, String(text), &extents)
    return extents.x_advance
  }

  /// The text, shortened with an ellipsis if it is too long.
  public func shortened(_ text: String, to width: Double) -> String {
    guard self.width(of: text) > width else { return text }
    let rest = width - self.width(of: "…")
    var (fitting, tooLong) = (0, text.count)
    while tooLong - fitting > 1 {
      let middle = (fitting + tooLong) / 2
      if self.width(of: text.prefix(middle)) <= rest { fitting = middle } else { tooLong = middle }
    }
    var kept = text.prefix(fitting)
    while kept.last == " " { kept.removeLast() }
    return String(kept) + "…"
  }
}
