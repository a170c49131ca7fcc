import ZooKit

/// A picture of indices into a palette, as GIF and most BMP files are.
struct IndexedPicture {
  /// In one channel.
  var indices: Picture
  /// Three bytes for each index; others are black. Without a palette indices are greys.
  let palette: [UInt8]
  var transparent: Int?

  /// Grey, RGB, or RGBA with a transparent index. If the samples are numbers, the indices of a palette
  /// with colours.
  func picture(asNumbers: Bool) throws -> Picture {
    var isGrey = true
    for place in stride(from: 0, to: palette.count - 2, by: 3) {
      let (red, green, blue) = (palette[place], palette[place + 1], palette[place + 2])
      isGrey = isGrey && red == green && green == blue
    }
    if palette.isEmpty || asNumbers && !isGrey { return indices }
    var channels = isGrey ? 1 : 3
    if transparent != nil { channels = asNumbers ? 1 : 4 }
    let colours = palette + [UInt8](repeating: 0, count: max(0, 768 - palette.count))
    var picture = try Picture(width: indices.width, height: indices.height, channels: channels)
    try picture.withMutablePixels { pixels in
      indices.withPixels { indices in
        for (place, index) in indices.enumerated() {
          for channel in 0..<min(channels, 3) {
            pixels[place * channels + channel] = colours[3 * Int(index) + channel]
          }
          if channels == 4 { pixels[place * 4 + 3] = Int(index) == transparent ? 0 : 255 }
        }
      }
    }
    return picture
  }
}
