import ZooKit

extension Picture {
  /// The maximum number of pixels of a resized picture, and the maximum length of its sides.
  static let sizeLimit = 1 << 28

  /// The picture at another size, equal to PIL's `Image.resize` to the bit.
  ///
  /// Bilinear and bicubic are antialiased when shrinking. Colours are premultiplied with alpha
  /// first, as in PIL, so that invisible colours do not bleed in.
  public func resized(
    to size: Window.Size, interpolation: Preprocessing.Interpolation = .bilinear
  ) throws -> Picture {
    try resized(
      to: size, interpolation: interpolation,
      showing: Region(x: 0, y: 0, width: size.width, height: size.height))
  }

  /// With its longer side at most this long, for a thumbnail.
  public func shrunk(to longest: Int) throws -> Picture {
    let side = max(width, height)
    guard side > longest, longest > 0 else { return self }
    return try resized(to: .init(max(1, height * longest / side), max(1, width * longest / side)))
  }

  /// A region of the resized picture, which may extend beyond its borders, as for a letterbox. Only
  /// the visible part is computed.
  public func resized(
    to size: Window.Size, interpolation: Preprocessing.Interpolation = .bilinear,
    showing region: Region, filling level: UInt8 = 0
  ) throws -> Picture {
    guard size.width > 0, size.height > 0 else {
      throw ZooError.usage("a picture cannot be resized to \(size.width)×\(size.height)")
    }
    // If the shorter side of a line of pixels becomes 256, the longer one can become huge.
    guard region.width > 0, region.height > 0,
      region.width <= Picture.sizeLimit / region.height,
      max(size.width, size.height) <= Picture.sizeLimit
    else {
      throw ZooError.corrupt(
        "a picture of \(width)×\(height) pixels becomes too large when it is resized to "
          + "\(size.width)×\(size.height)")
    }
    if size == self.size { return try cropped(to: region, filling: level) }
    let columns = region.columns.clamped(to: 0..<size.width)
    let rows = region.rows.clamped(to: 0..<size.height)
    guard !columns.isEmpty, !rows.isEmpty else {
      return try cropped(
        to: Region(x: width, y: 0, width: region.width, height: region.height), filling: level)
    }
    var seen: Picture
    switch interpolation {
    case .nearest: seen = try sampled(at: size, columns, rows)
    case .bilinear: seen = try filtered(.bilinear, size, columns, rows)
    case .bicubic: seen = try filtered(.bicubic, size, columns, rows)
    case .sampled: seen = try interpolated(at: size, columns, rows)
    }
    seen.isReduced = isReduced
    return try seen.cropped(
      to: Region(
        x: region.x - columns.lowerBound, y: region.y - rows.lowerBound,
        width: region.width, height: region.height), filling: level)
  }

  private func filtered(
    _ filter: Filter, _ size: Window.Size, _ columns: Range<Int>, _ rows: Range<Int>
  ) throws -> Picture {
    if channels == 4 {
      return try converted(to: 4, premultiply).resampled(filter, size, columns, rows)
        .converted(to: 4, unpremultiply)
    }
    return try resampled(filter, size, columns, rows)
  }

  /// The pixel nearest to each centre. The centres are summed, not multiplied, because Pillow's
  /// rounding decides which of two pixels is nearer.
  private func sampled(
    at size: Window.Size, _ columns: Range<Int>, _ rows: Range<Int>
  ) throws -> Picture {
    func indices(_ count: Int, _ size: Int, _ shown: Range<Int>) -> [Int] {
      let step = Double(Float(count)) / Double(size)
      var centre = step * 0.5
      var indices: [Int] = []
      for index in 0..<shown.upperBound {
        if index >= shown.lowerBound { indices.append(min(Int(centre), count - 1)) }
        centre += step
      }
      return indices
    }
    let across = indices(width, size.width, columns)
    let down = indices(height, size.height, rows)
    var result = try Picture(width: columns.count, height: rows.count, channels: channels)
    try result.withMutablePixels { new in
      withPixels { old in
        var to = 0
        for y in down {
          for x in across {
            let from = (y * width + x) * channels
            for channel in 0..<channels { new[to + channel] = old[from + channel] }
            to += channels
          }
        }
      }
    }
    return result
  }
}

/// a·b / 255, rounded, like Pillow's `MULDIV255`.
private func scaled(_ a: UInt8, _ b: UInt8) -> UInt8 {
  let product = UInt32(a) &* UInt32(b) &+ 128
  return UInt8(truncatingIfNeeded: (product &+ (product &>> 8)) &>> 8)
}

private func premultiply(_ old: UnsafePointer<UInt8>, _ new: UnsafeMutablePointer<UInt8>) {
  for channel in 0..<3 { new[channel] = scaled(old[channel], old[3]) }
  new[3] = old[3]
}

private func unpremultiply(_ old: UnsafePointer<UInt8>, _ new: UnsafeMutablePointer<UInt8>) {
  let alpha = Int(old[3])
  for channel in 0..<3 {
    let value = Int(old[channel])
    new[channel] = alpha == 0 ? old[channel] : UInt8(min(255 * value / alpha, 255))
  }
  new[3] = old[3]
}
