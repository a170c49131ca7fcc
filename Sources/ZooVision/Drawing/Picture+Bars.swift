import ZooKit

/// A line of a caption: a class with its share as a bar, or a name with its value.
public struct Bar: Sendable {
  public var label: String
  /// The length of the bar; nil for a line without one.
  public var share: Double?
  public var colour: Colour
  private let value: String?

  public init(_ label: String, share: Double, _ colour: Colour) {
    (self.label, self.share, self.colour, value) = (label, share, colour, nil)
  }

  /// A line without a bar.
  public init(_ label: String, value: String) {
    (self.label, share, colour, self.value) = (label, nil, .white, value)
  }

  fileprivate var text: String { value ?? share.map(percentage) ?? "" }

  private func percentage(_ share: Double) -> String {
    guard share.isFinite else { return "–" }
    let tenths = Int((min(max(share, 0), 1) * 1000).rounded())
    return "\(tenths / 10).\(tenths % 10) %"
  }
}

extension Picture {
  /// More bars would not fit a caption.
  private static let barLimit = 10

  /// The picture in RGB with the most probable classes on a strip below it, or beside it if it is
  /// higher than wide. A picture too small for text is enlarged.
  public func captioned(with bars: [Bar]) throws -> Picture {
    let bars = bars.prefix(Picture.barLimit)
    let picture = try enlargedForDrawing()
    guard !bars.isEmpty else { return picture }
    let isBeside = picture.height > picture.width
    // The strip's short side decides, because text scaled by the long one would not fit.
    let (short, long) = (min(picture.width, picture.height), max(picture.width, picture.height))
    let extent = Double(min(long, 4 * short))
    let size = max(14, (extent * 0.024 + 5).rounded())
    let margin = Int(size * 0.9)
    let rowHeight = Int((size * 2.1).rounded())
    let panelHeight = bars.count * rowHeight + 2 * margin - Int(size * 0.5)
    let panelWidth = Int(size * 18)
    let (width, height) =
      isBeside
      ? (picture.width + panelWidth, max(picture.height, panelHeight))
      : (max(picture.width, panelWidth), picture.height + panelHeight)

    guard height <= Picture.sizeLimit / width else {
      throw ZooError.failure(
        "a picture of \(self.width)×\(self.height) pixels is too long to be drawn with its classes")
    }
    let left = Double((isBeside ? picture.width : 0) + margin)
    let right = Double(width - margin)
    let top = Double((isBeside ? (height - panelHeight) / 2 : picture.height) + margin)
    let typeface = try Typeface(size: size)
    var sheet = try Picture(width: width, height: height, Colour(23, 25, 29))
    try sheet.paste(
      picture, x: isBeside ? 0 : (width - picture.width) / 2,
      y: isBeside ? (height - picture.height) / 2 : 0)
    try sheet.draw { canvas in
      for (row, bar) in bars.enumerated() {
        let baseline = top + Double(row * rowHeight) + typeface.capHeight
        let figure = bar.text
        let figureStart = right - typeface.width(of: figure)
        let label = typeface.shortened(bar.label, to: figureStart - left - size)
        let text = Colour.white.with(alpha: row == 0 ? 1 : 0.8)
        canvas.write(label, at: [left, baseline], typeface, text)
        canvas.write(figure, at: [figureStart, baseline], typeface, text)
        guard let amount = bar.share else { continue }
        let thickness = max(3, (size * 0.2).rounded())
        let y = (baseline + size * 0.38).rounded()
        let track = Frame(x0: left, y0: y, x1: right, y1: y + thickness)
        canvas.fill(track, radius: thickness / 2, .white.with(alpha: 0.13))
        let share = amount.isFinite ? min(max(amount, 0), 1) : 0
        var filled = track
        filled.x1 = left + share * track.width
        // A bar with round ends is at least a dot, and zero has no bar.
        if filled.width < thickness { filled.x1 = left + (share >= 0.0005 ? thickness : 0) }
        canvas.fill(filled, radius: thickness / 2, bar.colour)
      }
    }
    return sheet
  }
}
