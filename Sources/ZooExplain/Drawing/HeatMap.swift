import ZooKit
import ZooVision

/// A map as pictures: over the photo, and alone.
public struct HeatMap: Sendable {
  private let attribution: Attribution
  private let size: Window.Size
  private let map: [Float]
  /// The numbers at both ends of the colours. A few pixels may lie beyond the ends, so that they do not
  /// make all others equal: 0.5 %, or 3 % where every pixel has a value of its own, which is noisier.
  public let low, high: Float
  private let channels: Preprocessing.Channels

  /// - Parameter channels: of the network's input.
  public init(_ attribution: Attribution, of input: Shape, _ channels: Preprocessing.Channels)
    throws
  {
    self.attribution = attribution
    size = .init(input.height, input.width)
    self.channels = channels
    map = try attribution.map(size.height, size.width).values.map { $0.isFinite ? $0 : 0 }
    let sorted = map.map { attribution.look == .signed ? abs($0) : $0 }.sorted()
    let share = attribution.hasChannels ? 0.97 : 0.995
    let top = sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    high = top > sorted[0] ? top : sorted[sorted.count - 1]
    low = attribution.look == .signed ? -high : sorted[0]
  }

  /// Without details, and zero where the map speaks against the subject.
  public func smoothed(by share: Double) throws -> HeatMap {
    let plane = try Tensor([1, size.height, size.width], map.map { max($0, 0) })
    return try HeatMap(
      Attribution(Tensor([size.height, size.width], plane.blurred(by: share)), as: .magnitude),
      of: [1, size.height, size.width], channels)
  }

  private var scale: ColourScale { attribution.look == .signed ? .signed : .heat }

  /// From 0 to 1; a map of equal numbers is all 0, or a half if it is signed.
  private func share(_ value: Float) -> Float {
    guard high > low else { return attribution.look == .signed ? 0.5 : 0 }
    return min(max((value - low) / (high - low), 0), 1)
  }

  /// The map alone, at the size of the network's input: in the colours of a scale, or as what excites
  /// the network around grey.
  public func alone() throws -> Picture {
    var picture = try Picture(width: size.width, height: size.height, channels: 3)
    if attribution.look == .colour, attribution.hasChannels {
      let planes = attribution.values.planes
      let sorted = planes.joined().map { abs($0) }.sorted()
      let most = max(sorted[min(sorted.count - 1, sorted.count * 199 / 200)], .leastNormalMagnitude)
      try picture.withMutablePixels { pixels in
        for pixel in 0..<size.height * size.width {
          for colour in 0..<3 {
            let plane = channels == .bgr ? planes.count - 1 - colour : colour
            let value = planes[min(plane, planes.count - 1)][pixel] / most
            let level = min(max(127.5 + 127.5 * value, 0), 255)
            pixels[3 * pixel + colour] = UInt8(level.isNaN ? 127 : level.rounded())
          }
        }
      }
      return picture
    }
    let table = scale.table
    try picture.withMutablePixels { pixels in
      for (pixel, value) in map.enumerated() {
        pixels.set(pixel, table[Int(share(value) * 255 + 0.5)], 1)
      }
    }
    return picture
  }

  /// The photo in a size for looking at, with the map over what the network saw of it; the rest is dark.
  public func over(_ photo: Picture, _ placement: Placement) throws -> Picture {
    var canvas = try photo.sizedForLooking()
    let values = values(at: canvas.size, placement)
    let table = scale.table
    try canvas.withMutablePixels { pixels in
      for (pixel, value) in values.enumerated() {
        guard let value else {
          pixels.set(pixel, .black, 0.7)
          continue
        }
        let share = share(value)
        // Where nothing speaks for or against, a signed map shows the photo.
        let alpha = attribution.look == .signed ? min(0.3 + 1.3 * abs(share - 0.5), 0.9) : 0.6
        pixels.set(pixel, table[Int(share * 255 + 0.5)], alpha)
      }
    }
    return canvas
  }

  /// The map on the photo at some size, row by row; nil where the network sees nothing of it.
  public func values(at shown: Window.Size, _ placement: Placement) -> [Float?] {
    let (across, down) = (
      Double(placement.picture.width) / Double(shown.width),
      Double(placement.picture.height) / Double(shown.height)
    )
    return (0..<shown.height * shown.width).map { pixel in
      let place = placement.inputCoordinates(
        x: (Double(pixel % shown.width) + 0.5) * across,
        y: (Double(pixel / shown.width) + 0.5) * down)
      guard 0..<Double(size.width) ~= place.x, 0..<Double(size.height) ~= place.y else {
        return nil
      }
      return value(place.x, place.y)
    }
  }

  /// Between the centres of pixels.
  private func value(_ x: Double, _ y: Double) -> Float {
    let (x, y) = (
      min(max(x - 0.5, 0), Double(size.width - 1)), min(max(y - 0.5, 0), Double(size.height - 1))
    )
    let (column, row) = (Int(x), Int(y))
    let (right, below) = (min(column + 1, size.width - 1), min(row + 1, size.height - 1))
    let (a, b) = (Float(x - Double(column)), Float(y - Double(row)))
    let upper = map[row * size.width + column] * (1 - a) + map[row * size.width + right] * a
    let lower = map[below * size.width + column] * (1 - a) + map[below * size.width + right] * a
    return upper * (1 - b) + lower * b
  }

  /// A picture with the scale of colours and a line of text below it.
  public func captioned(_ picture: Picture, _ text: String) throws -> Picture {
    let strip = 46
    var whole = try picture.rgb.cropped(
      to: Region(x: 0, y: 0, width: picture.width, height: picture.height + strip), filling: 24)
    let (width, top) = (picture.width, Double(picture.height))
    let table = scale.table
    let face = try Typeface(size: 12)
    let numbers = [low, high].map(shortest)
    let bar = min(180, width / 3)
    whole = try whole.drawn { canvas in
      canvas.write(
        face.shortened(text, to: Double(width - 16)), at: [8, top + 17], face, .white)
      let left = 8 + face.width(of: numbers[0]) + 6
      canvas.write(numbers[0], at: [8, top + 37], face, .white.with(alpha: 0.75))
      for step in 0..<bar {
        canvas.fill(
          Frame(
            x0: left + Double(step), y0: top + 27, x1: left + Double(step) + 1, y1: top + 39),
          table[step * 255 / max(1, bar - 1)])
      }
      canvas.write(
        numbers[1], at: [left + Double(bar) + 6, top + 37], face, .white.with(alpha: 0.75))
    }
    return whole
  }

  /// Three digits.
  private func shortest(_ value: Float) -> String {
    guard value != 0, value.isFinite else { return "0" }
    var (mantissa, exponent) = (Double(abs(value)), 0)
    if !(0.01..<10_000).contains(mantissa) {
      while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
      while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    }
    let digits = mantissa >= 100 ? 1.0 : mantissa >= 1 ? 100 : 1000
    let text = "\((mantissa * digits).rounded() / digits)"
    return (value < 0 ? "−" : "") + text + (exponent == 0 ? "" : "e\(exponent)")
  }
}

extension UnsafeMutableBufferPointer<UInt8> {
  /// Blends a colour over a pixel of three samples.
  fileprivate func set(_ pixel: Int, _ colour: Colour, _ alpha: Float) {
    for (place, level) in [colour.red, colour.green, colour.blue].enumerated() {
      let old = Float(self[3 * pixel + place])
      self[3 * pixel + place] = UInt8((old + (Float(level) - old) * alpha).rounded())
    }
  }
}

extension Picture {
  /// In RGB, with a longer side of 400 to 1024 pixels.
  public func sizedForLooking() throws -> Picture {
    let long = max(width, height)
    let target = min(max(long, 400), 1024)
    guard target != long else { return try rgb }
    let size = Window.Size(
      max(1, height * target / long), max(1, width * target / long))
    return try rgb.resized(to: size, interpolation: long * 5 < target ? .nearest : .bicubic)
  }
}
