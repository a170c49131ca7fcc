import ZooKit

/// How much each place of a picture counts.
public struct Attribution: Sendable {
  /// C×H×W of the network's input for a method that judges every number of it, else a map h×w, at
  /// the size of a layer or of the input.
  public let values: Tensor
  /// The layer that the map comes from.
  public let layer: String?
  public let look: Look

  /// How a map is shown.
  public enum Look: Sendable {
    /// The larger, the more it counts.
    case magnitude
    /// Values below zero count against the subject.
    case signed
    /// As a picture: a derivative with the colours of what excites the network.
    case colour
  }

  public init(_ values: Tensor, layer: String? = nil, as look: Look) {
    (self.values, self.layer, self.look) = (values, layer, look)
  }

  /// Whether every number of the input has a value.
  public var hasChannels: Bool { values.shape.rank == 3 }

  /// At the size of the input: C×H×W as it is, a map enlarged bilinearly.
  public func enlarged(to height: Int, _ width: Int) throws -> Tensor {
    hasChannels ? values : try values.enlarged(to: height, width)
  }

  /// One number for each pixel: the sum of signed channels, else the largest of them.
  public func map(_ height: Int, _ width: Int) throws -> Tensor {
    guard hasChannels else { return try enlarged(to: height, width) }
    let pixels = values.shape.height * values.shape.width
    return try Tensor([values.shape.height, values.shape.width]) { map in
      map.initialize(repeating: 0)
      values.withValues { values in
        for channel in 0..<self.values.shape.channels {
          for pixel in 0..<pixels {
            let value = values[channel * pixels + pixel]
            map[pixel] = look == .signed ? map[pixel] + value : max(map[pixel], abs(value))
          }
        }
      }
    }
  }
}

extension Tensor {
  /// A map h×w, or maps C×h×w, interpolated bilinearly between the centres of its pixels. With
  /// `aligned`, the corners of both sizes coincide instead.
  func enlarged(to height: Int, _ width: Int, aligned: Bool = false) throws -> Tensor {
    let sizes = shape.sizes
    let (h, w) = (sizes[sizes.count - 2], sizes[sizes.count - 1])
    if (h, w) == (height, width) { return self }
    return try interpolated(
      Tensor.neighbours(from: h, to: height, aligned),
      Tensor.neighbours(from: w, to: width, aligned))
  }

  /// Each number of the result lies between two rows and two columns.
  func interpolated(
    _ rows: [(first: Int, second: Int, share: Float)],
    _ columns: [(first: Int, second: Int, share: Float)]
  ) throws -> Tensor {
    let sizes = shape.sizes
    let (h, w) = (sizes[sizes.count - 2], sizes[sizes.count - 1])
    let (height, width, planes) = (rows.count, columns.count, count / (h * w))
    return try Tensor(Shape(Array(sizes.dropLast(2)) + [height, width])) { large in
      withValues { small in
        for plane in 0..<planes {
          for (y, row) in rows.enumerated() {
            let above = plane * h * w + row.first * w
            let below = plane * h * w + row.second * w
            let target = (plane * height + y) * width
            for (x, column) in columns.enumerated() {
              let (a, b) = (column.first, column.second)
              let upper = small[above + a] + (small[above + b] - small[above + a]) * column.share
              let lower = small[below + a] + (small[below + b] - small[below + a]) * column.share
              large[target + x] = upper + (lower - upper) * row.share
            }
          }
        }
      }
    }
  }

  private static func neighbours(from count: Int, to size: Int, _ aligned: Bool)
    -> [(first: Int, second: Int, share: Float)]
  {
    (0..<size).map { index in
      let place =
        aligned
        ? Double(index) * Double(count - 1) / Double(max(size - 1, 1))
        : max(0, (Double(index) + 0.5) * Double(count) / Double(size) - 0.5)
      let first = min(Int(place), count - 1)
      return (first, min(first + 1, count - 1), Float(place - Double(first)))
    }
  }
}
