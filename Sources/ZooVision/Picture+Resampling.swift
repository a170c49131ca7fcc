import ZooKit

extension Picture {
  /// One axis after the other, with rounding in between, so the order affects the last bit: rows
  /// first, unless the height shrinks by more than twice as much as the width. That is Pillow 13's
  /// rule. Up to version 12 rows came first unless a picture was a hundred times as high as wide;
  /// the two differ for pictures more than twice as high as wide.
  func resampled(
    _ filter: Filter, _ size: Window.Size, _ columns: Range<Int>, _ rows: Range<Int>
  ) throws -> Picture {
    let across =
      width == size.width ? nil : Taps(filter, from: width, to: size.width, showing: columns)
    let down =
      height == size.height ? nil : Taps(filter, from: height, to: size.height, showing: rows)
    switch (across, down) {
    case (let across?, let down?):
      if height > size.height, height - size.height > 2 * (width - size.width) {
        return try weighed(columns: across.source, by: down)
          .weighed(rows: 0..<rows.count, by: across, origin: across.source.lowerBound)
      }
      return try weighed(rows: down.source, by: across)
        .weighed(columns: 0..<columns.count, by: down, origin: down.source.lowerBound)
    case (let across?, nil): return try weighed(rows: rows, by: across)
    case (nil, let down?): return try weighed(columns: columns, by: down)
    case (nil, nil): return self
    }
  }

  /// Resizes these rows to another width. The picture's first column is the taps' sample `origin`.
  private func weighed(rows: Range<Int>, by taps: Taps, origin: Int = 0) throws -> Picture {
    let newWidth = taps.spans.count - 1
    var result = try Picture(width: newWidth, height: rows.count, channels: channels)
    try result.withMutablePixels { new in
      withPixels { old in
        guard var to = new.baseAddress, let old = old.baseAddress else { return }
        for y in rows {
          let row = old + (y * width - origin) * channels
          switch channels {
          case 1: weighRow1(row, taps, into: to)
          case 3: weighRow3(row, taps, into: to)
          default: weighRow4(row, taps, into: to)
          }
          to += newWidth * channels
        }
      }
    }
    return result
  }

  /// Resizes these columns to another height. The picture's first row is the taps' sample `origin`.
  private func weighed(columns: Range<Int>, by taps: Taps, origin: Int = 0) throws -> Picture {
    let count = columns.count * channels
    let newHeight = taps.spans.count - 1
    var result = try Picture(width: columns.count, height: newHeight, channels: channels)
    try result.withMutablePixels { new in
      withPixels { old in
        guard var to = new.baseAddress, let old = old.baseAddress else { return }
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: count) { sums in
          guard let sums = sums.baseAddress else { return }
          taps.withEach { _, first, weights in
            sums.update(repeating: Taps.half, count: count)
            var row = old + ((first - origin) * width + columns.lowerBound) * channels
            for weight in weights {
              for x in 0..<count { sums[x] &+= Int32(row[x]) &* weight }
              row += width * channels
            }
            for x in 0..<count { to[x] = Taps.sample(sums[x]) }
            to += count
          }
        }
      }
    }
    return result
  }
}

private func weighRow1(
  _ row: UnsafePointer<UInt8>, _ taps: Taps, into new: UnsafeMutablePointer<UInt8>
) {
  taps.withEach { index, first, weights in
    var sum = Taps.half
    for tap in 0..<weights.count { sum &+= Int32(row[first + tap]) &* weights[tap] }
    new[index] = Taps.sample(sum)
  }
}

private func weighRow3(
  _ row: UnsafePointer<UInt8>, _ taps: Taps, into new: UnsafeMutablePointer<UInt8>
) {
  taps.withEach { index, first, weights in
    var (r, g, b) = (Taps.half, Taps.half, Taps.half)
    var pixel = row + 3 * first
    for weight in weights {
      r &+= Int32(pixel[0]) &* weight
      g &+= Int32(pixel[1]) &* weight
      b &+= Int32(pixel[2]) &* weight
      pixel += 3
    }
    new[3 * index] = Taps.sample(r)
    new[3 * index + 1] = Taps.sample(g)
    new[3 * index + 2] = Taps.sample(b)
  }
}

private func weighRow4(
  _ row: UnsafePointer<UInt8>, _ taps: Taps, into new: UnsafeMutablePointer<UInt8>
) {
  taps.withEach { index, first, weights in
    var sum = SIMD4(repeating: Taps.half)
    var pixel = UnsafeRawPointer(row + 4 * first)
    for weight in weights {
      let samples = pixel.loadUnaligned(as: SIMD4<UInt8>.self)
      sum &+= SIMD4<Int32>(truncatingIfNeeded: samples) &* weight
      pixel += 4
    }
    for channel in 0..<4 { new[4 * index + channel] = Taps.sample(sum[channel]) }
  }
}

extension Taps {
  @inline(__always)
  fileprivate func withEach(_ body: (Int, Int, UnsafeBufferPointer<Int32>) -> Void) {
    weights.withUnsafeBufferPointer { weights in
      spans.withUnsafeBufferPointer { spans in
        for index in 0..<spans.count - 1 {
          let range = spans[index].weights..<spans[index + 1].weights
          body(index, spans[index].first, .init(rebasing: weights[range]))
        }
      }
    }
  }
}
