/// A detection to draw: box, label and class.
public struct LabelledBox: Sendable {
  /// In pixels of the picture; parts beyond it are drawn at its border.
  public var frame: Frame
  public var label: String
  public var score: Double?
  /// Decides the colour, unless one is given.
  public var classIndex: Int
  public var colour: Colour

  public init(
    _ frame: Frame, label: String, score: Double? = nil, classIndex: Int, colour: Colour? = nil
  ) {
    self.frame = frame
    self.label = label
    self.score = score
    self.classIndex = classIndex
    self.colour = colour ?? Colour(ofClass: classIndex)
  }

  var caption: String {
    guard let score, score.isFinite else { return label }
    let percent = Int((min(max(score, 0), 1) * 100).rounded())
    return label.isEmpty ? "\(percent) %" : "\(label) \(percent) %"
  }
}

extension Picture {
  /// The picture in RGB with boxes and their labels, the most confident on top. Lines and text
  /// scale with the picture as far as they stay legible; a picture too small for text is enlarged.
  public func marked(with boxes: [LabelledBox]) throws -> Picture {
    var picture = try enlargedForDrawing()
    let (width, height) = (Double(picture.width), Double(picture.height))
    let scale = Double(drawingScale)
    let ordered = boxes.sorted { ($0.score ?? 1) > ($1.score ?? 1) }
    let seen = ordered.compactMap { box in
      box.frame.scaled(by: scale).visible(width, height).map { (box, $0) }
    }
    let extent = (width * height).squareRoot()
    let size = max(11, (extent * 0.022 + 2).rounded())
    let line = max(2, (extent / 240).rounded())
    let typeface = try Typeface(size: size)
    var tabs = Tabs(width: width, height: height, size: size, typeface: typeface)
    let placed = seen.map { tabs.place($0.caption, at: $1, line: line) }
    try picture.draw { canvas in
      for (box, frame) in seen.reversed() {
        // An empty box is drawn as a visible dot.
        let shown = frame.padded(to: 2 * line, width, height).rounded
        canvas.outline(
          shown, lineWidth: line, radius: 1.5 * line, box.colour)
      }
      for ((box, _), tab) in zip(seen, placed).reversed() {
        guard let tab else { continue }
        canvas.fill(tab.frame, radius: size / 5, box.colour)
        canvas.write(tab.text, at: tab.baseline, typeface, box.colour.readable)
      }
    }
    return picture
  }
}

extension Frame {
  fileprivate func scaled(by scale: Double) -> Frame {
    Frame(x0: x0 * scale, y0: y0 * scale, x1: x1 * scale, y1: y1 * scale)
  }

  /// With corners in order, clipped to the picture; nil if nothing is visible.
  fileprivate func visible(_ width: Double, _ height: Double) -> Frame? {
    guard !x0.isNaN, !x1.isNaN, !y0.isNaN, !y1.isNaN else { return nil }
    let frame = Frame(
      x0: max(min(x0, x1), 0), y0: max(min(y0, y1), 0),
      x1: min(max(x0, x1), width), y1: min(max(y0, y1), height))
    return frame.x0 <= frame.x1 && frame.y0 <= frame.y1 ? frame : nil
  }

  /// Rounded to whole pixels, so that lines are sharp.
  fileprivate var rounded: Frame {
    Frame(x0: x0.rounded(), y0: y0.rounded(), x1: x1.rounded(), y1: y1.rounded())
  }

  /// Enlarged to a minimum size, within the picture.
  fileprivate func padded(to least: Double, _ width: Double, _ height: Double) -> Frame {
    func side(_ low: Double, _ high: Double, _ limit: Double) -> (Double, Double) {
      guard high - low < least else { return (low, high) }
      let start = max(0, min((low + high - least) / 2, limit - least))
      return (start, min(start + least, limit))
    }
    let (across, down) = (side(x0, x1, width), side(y0, y1, height))
    return Frame(x0: across.0, y0: down.0, x1: across.1, y1: down.1)
  }
}

/// The labels of boxes, without overlaps if there is room.
private struct Tabs {
  struct Tab {
    let frame: Frame
    let text: String
    let baseline: SIMD2<Double>
  }

  let width, height, size: Double
  let typeface: Typeface
  private var taken: [Frame] = []

  init(width: Double, height: Double, size: Double, typeface: Typeface) {
    (self.width, self.height, self.size) = (width, height, size)
    self.typeface = typeface
  }

  /// - Returns: nil if there is no text, or no room for a single letter.
  mutating func place(_ caption: String, at box: Frame, line: Double) -> Tab? {
    let margin = (size * 0.3).rounded()
    let text = typeface.shortened(caption, to: width - 2 * margin)
    let tabWidth = (typeface.width(of: text) + 2 * margin).rounded(.up)
    let capHeight = typeface.capHeight
    let tabHeight = capHeight + 2 * (size * 0.34).rounded()
    guard !caption.isEmpty, tabWidth <= width, tabHeight <= height else { return nil }
    func tab(_ x: Double, _ y: Double) -> Frame {
      let x = max(0, min(x, width - tabWidth)).rounded(.down)
      let y = max(0, min(y, height - tabHeight)).rounded(.down)
      return Frame(x0: x, y0: y, x1: x + tabWidth, y1: y + tabHeight)
    }
    // Above the box, inside it, below it, at its right end; then further and further down.
    let (left, right) = (box.x0, box.x1 - tabWidth)
    let above = box.y0 - tabHeight + line
    var places = above >= 0 ? [tab(left, above)] : []
    places += [tab(left, box.y0), tab(left, box.y1 - line), tab(right, above)]
    places += (1...12).map { tab(left, box.y0 + Double($0) * tabHeight) }
    let free = places.first { place in !taken.contains { $0.overlaps(place) } }
    let frame = free ?? places[0]
    taken.append(frame)
    let baseline = frame.y1 - (tabHeight - capHeight) / 2
    return Tab(frame: frame, text: text, baseline: [frame.x0 + margin, baseline])
  }
}
