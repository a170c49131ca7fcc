/// A rectangle of whole pixels, from its top left corner; it may reach beyond a picture's borders.
public struct Region: Hashable, Sendable {
  public var x, y, width, height: Int

  public init(x: Int, y: Int, width: Int, height: Int) {
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
  }

  var columns: Range<Int> { x..<x + width }
  var rows: Range<Int> { y..<y + height }
}

extension Picture {
  /// What the region shows; beyond the picture every sample has the given level.
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
