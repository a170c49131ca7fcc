/// A rectangle of whole pixels, from its top left corner; it may extend beyond a picture's borders.
public struct Region: Hashable, Sendable {
  public var x, y, width, height: Int

  public init(x: Int, y: Int, width: Int, height: Int) {
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
  }

  var columns: Range<Int> { x..<x + width }
  var rows: Range<Int> { y..<y + height }
}

extension Picture {
  /// The pixels of a region; beyond the picture every sample has the given level.
  public func cropped(to region: Region, filling level: UInt8 = 0) throws -> Picture {
    if region == Region(x: 0, y: 0, width: width, height: height) { return self }
    var cropped = try Picture(width: region.width, height: region.height, channels: channels)
    cropped.isReduced = isReduced
    let columns = region.columns.clamped(to: 0..<width)
    try cropped.withMutablePixels { new in
      if level != 0 { new.update(repeating: level) }
      guard !columns.isEmpty else { return }
      withPixels { old in
        for y in region.rows.clamped(to: 0..<height) {
          let from = (y * width + columns.lowerBound) * channels
          let to = ((y - region.y) * region.width + columns.lowerBound - region.x) * channels
          let bytes = columns.count * channels
          _ = new[to..<to + bytes].update(fromContentsOf: old[from..<from + bytes])
        }
      }
    }
    return cropped
  }
}

extension Picture {
  /// The pixels of a region; beyond its borders the picture is mirrored without repeating the
  /// border pixels: the overlap-tile strategy of U-Net (arXiv:1505.04597, figure 2).
  public func mirrored(in region: Region) throws -> Picture {
    if region == Region(x: 0, y: 0, width: width, height: height) { return self }
    var mirrored = try Picture(width: region.width, height: region.height, channels: channels)
    let columns = region.columns.map { reflected($0, width) * channels }
    try mirrored.withMutablePixels { new in
      withPixels { old in
        var place = 0
        for y in region.rows {
          let row = reflected(y, height) * width * channels
          for column in columns {
            for channel in 0..<channels { new[place + channel] = old[row + column + channel] }
            place += channels
          }
        }
      }
    }
    return mirrored
  }
}

/// The reflection of an index into 0..<count.
private func reflected(_ index: Int, _ count: Int) -> Int {
  guard count > 1 else { return 0 }
  let period = 2 * (count - 1)
  let place = (index % period + period) % period
  return min(place, period - place)
}
