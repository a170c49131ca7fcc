import ZooKit

/// An RGB picture while it is drawn on; see ``Picture/drawn(_:)``.
public struct Canvas: ~Copyable {
  public let width: Int
  public let height: Int
  let pixels: UnsafeMutablePointer<UInt8>

  /// Lays a colour over part of a row, as far as coverage (0 to 1) and alpha let it.
  @inline(__always)
  func blend(_ columns: Range<Int>, of row: Int, _ coverage: Double, _ colour: Colour) {
    let share = Int32(coverage * colour.alpha * 256 + 0.5)
    guard share > 0 else { return }
    var pixel = pixels + 3 * (row * width + columns.lowerBound)
    let end = pixel + 3 * columns.count
    let (red, green, blue) = (colour.red, colour.green, colour.blue)
    if share >= 256 {
      while pixel < end {
        (pixel[0], pixel[1], pixel[2]) = (red, green, blue)
        pixel += 3
      }
      return
    }
    func mixed(_ old: UInt8, _ new: UInt8) -> UInt8 {
      let sum = Int32(old) &* (256 &- share) &+ Int32(new) &* share
      return UInt8(truncatingIfNeeded: (sum &+ 128) &>> 8)
    }
    while pixel < end {
      pixel[0] = mixed(pixel[0], red)
      pixel[1] = mixed(pixel[1], green)
      pixel[2] = mixed(pixel[2], blue)
      pixel += 3
    }
  }
}

extension Canvas {
  /// Lays an RGB picture over this one; only the part that is within it shows.
  func paste(_ picture: Picture, x: Int, y: Int) {
    let columns = (x..<x + picture.width).clamped(to: 0..<width)
    let rows = (y..<y + picture.height).clamped(to: 0..<height)
    guard picture.channels == 3, !columns.isEmpty else { return }
    picture.withPixels { old in
      guard let old = old.baseAddress else { return }
      for row in rows {
        let from = old + 3 * ((row - y) * picture.width + columns.lowerBound - x)
        (pixels + 3 * (row * width + columns.lowerBound)).update(
          from: from, count: 3 * columns.count)
      }
    }
  }
}

extension Picture {
  /// The picture in RGB with something drawn on it.
  ///
  /// ```swift
  /// let marked = try photo.drawn { canvas in
  ///   canvas.fill(.circle([40, 40], radius: 12), .white)
  ///   canvas.write("here", at: [60, 45], size: 16, .white)
  /// }
  /// ```
  public func drawn(_ draw: (borrowing Canvas) throws -> Void) throws -> Picture {
    var drawn = try rgb
    try drawn.draw(draw)
    return drawn
  }

  /// Draws on a picture, which must be RGB, without a copy where no other shares its memory.
  mutating func draw(_ draw: (borrowing Canvas) throws -> Void) throws {
    let (width, height) = (width, height)
    guard channels == 3 else {
      throw ZooError.failure("a picture of \(channels) channels cannot be drawn on: RGB is needed")
    }
    try withMutablePixels { pixels in
      guard let start = pixels.baseAddress else { return }
      try draw(Canvas(width: width, height: height, pixels: start))
    }
  }

  /// How much a picture is enlarged before anything is written on it: letters need room. 1 for
  /// all but the small ones.
  var drawingScale: Int {
    let least = 400
    return (least + max(width, height) - 1) / max(width, height)
  }

  /// As large as drawing needs it, in RGB: smooth where little is missing, and by whole squares
  /// where each pixel should be seen.
  func enlargedForDrawing() throws -> Picture {
    let scale = drawingScale
    guard scale > 1 else { return try rgb }
    return try rgb.resized(
      to: Window.Size(height * scale, width * scale),
      interpolation: scale < 5 ? .bicubic : .nearest)
  }
}
