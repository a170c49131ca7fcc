import ZooKit

/// For each sample of a longer or shorter row, the two neighbouring samples of the original row and
/// the weight of the second: PyTorch's `interpolate` without antialiasing, in float32.
struct Neighbours {
  let first, second: Int
  /// The weight of the second; the first has the rest.
  let weight: Float

  static func all(from count: Int, to size: Int) -> [Neighbours] {
    let ratio = Float(count) / Float(size)
    return (0..<size).map { index in
      let place = max(0, (Float(index) + 0.5) * ratio - 0.5)
      let first = min(Int(place), count - 1)
      return Neighbours(
        first: first, second: min(first + 1, count - 1),
        weight: min(max(place - Float(first), 0), 1))
    }
  }
}

extension Picture {
  /// The result has 8 bits, rounded to the nearest level.
  func interpolated(
    at size: Window.Size, _ columns: Range<Int>, _ rows: Range<Int>
  ) throws -> Picture {
    let across = Neighbours.all(from: width, to: size.width)[columns]
    let down = Neighbours.all(from: height, to: size.height)[rows]
    var result = try Picture(width: columns.count, height: rows.count, channels: channels)
    try result.withMutablePixels { new in
      withPixels { old in
        var to = 0
        for y in down {
          let (upper, lower) = (y.first * width, y.second * width)
          for x in across {
            for channel in 0..<channels {
              func level(_ row: Int, _ column: Int) -> Float {
                Float(old[(row + column) * channels + channel])
              }
              let above = (1 - x.weight) * level(upper, x.first) + x.weight * level(upper, x.second)
              let below = (1 - x.weight) * level(lower, x.first) + x.weight * level(lower, x.second)
              new[to] = UInt8((1 - y.weight) * above + y.weight * below + 0.5)
              to += 1
            }
          }
        }
      }
    }
    return result
  }
}
