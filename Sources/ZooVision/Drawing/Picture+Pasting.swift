extension Picture {
  /// A picture of one colour, in RGB.
  init(width: Int, height: Int, _ colour: Colour) throws {
    try self.init(width: width, height: height, channels: 3)
    let row = (0..<width).flatMap { _ in [colour.red, colour.green, colour.blue] }
    try withMutablePixels { pixels in
      for y in 0..<height { _ = pixels[(y * row.count)...].update(fromContentsOf: row) }
    }
  }

  /// Pastes a picture that lies within this one; both are RGB.
  mutating func paste(_ picture: Picture, x: Int, y: Int) throws {
    let width = width
    try withMutablePixels { pixels in
      picture.withPixels { old in
        for row in 0..<picture.height {
          let from = old[3 * row * picture.width..<3 * (row + 1) * picture.width]
          _ = pixels[(3 * ((y + row) * width + x))...].update(fromContentsOf: from)
        }
      }
    }
  }

  /// Pictures of the same height side by side, in RGB.
  public static func sideBySide(_ pictures: [Picture], gap: Int = 4) throws -> Picture {
    let height = pictures.map(\.height).max() ?? 1
    let width = pictures.reduce(gap * (pictures.count - 1)) { $0 + $1.width }
    var joined = try Picture(width: width, height: height, .white)
    var left = 0
    for picture in pictures {
      try joined.paste(picture.rgb, x: left, y: 0)
      left += picture.width + gap
    }
    return joined
  }
}
