import ZooKit

extension Preprocessing {
  /// The network's input for a picture: C×H×W.
  ///
  /// ```swift
  /// let input = try checkpoint.preprocessing.tensor(from: Picture(contentsOf: "ant.jpg"))
  /// ```
  public func tensor(from picture: Picture) throws -> Tensor {
    let batch = try tensor(from: [picture])
    return batch.reshaped(Shape(Array(batch.shape.sizes.dropFirst())))
  }

  /// A batch, N×C×H×W.
  public func tensor(from pictures: [Picture]) throws -> Tensor {
    if isPadded { return try padded(pictures).tensor }
    let tables = try levels
    guard let first = pictures.first else {
      throw ZooError.failure("a batch needs at least one picture")
    }
    let size = try placement(of: first.size).shown
    let sizes = [pictures.count, tables.count, size.height, size.width]
    guard let shape = Shape(checked: sizes) else {
      throw ZooError.failure("no tensor can hold \(pictures.count) × \(size.width)×\(size.height)")
    }
    let floats = shape.count / pictures.count
    return try Tensor(shape) { values in
      for (item, picture) in pictures.enumerated() {
        let input = try applied(to: picture)
        guard input.width == size.width, input.height == size.height else {
          throw ZooError.corrupt(
            "picture \(item + 1) of a batch has \(input.width)×\(input.height) pixels; "
              + "expected \(size.width)×\(size.height)")
        }
        try fill(.init(rebasing: values[(item * floats)..<((item + 1) * floats)]), with: input)
      }
    }
  }

  /// Writes the numbers of a picture that ``applied(to:)`` has made, C×H×W.
  func fill(_ values: UnsafeMutableBufferPointer<Float>, with applied: Picture) throws {
    let tables = try settled(for: applied).levels
    let area = applied.width * applied.height
    precondition(values.count == tables.count * area && applied.channels == tables.count)
    applied.withPixels { pixels in
      for (channel, table) in tables.enumerated() {
        let source = channels == .bgr ? tables.count - 1 - channel : channel
        let plane = values[(channel * area)..<((channel + 1) * area)]
        table.withUnsafeBufferPointer { table in
          for (pixel, place) in plane.indices.enumerated() {
            values[place] = table[Int(pixels[pixel * tables.count + source])]
          }
        }
      }
    }
  }

  /// The picture in the checkpoint's channels, resized and cropped, still in 8 bits; red first.
  public func applied(to picture: Picture) throws -> Picture {
    let placement = try placement(of: picture.size)
    return try (channels == .grey ? picture.grey : picture.rgb).resized(
      to: placement.resized, interpolation: interpolation, showing: placement.shown,
      filling: borderLevel)
  }

  /// The preprocessing for one picture that is already resized and cropped: if pictures are
  /// standardised, with the picture's own mean and deviation. A uniform picture has no deviation to
  /// divide by.
  public func settled(for picture: Picture) throws -> Preprocessing {
    guard standardizes else { return self }
    var settled = self
    settled.standardizes = false
    let tables = try levels
    guard picture.channels == tables.count else {
      throw ZooError.failure(
        "\(picture.channels) channels cannot be converted to \(channels.rawValue)")
    }
    picture.withPixels { pixels in
      for (channel, table) in tables.enumerated() {
        let source = channels == .bgr ? tables.count - 1 - channel : channel
        var counts = [Int](repeating: 0, count: 256)
        for index in stride(from: source, to: pixels.count, by: tables.count) {
          counts[Int(pixels[index])] += 1
        }
        let total = Double(pixels.count / tables.count)
        let mean = zip(counts, table).reduce(0) { $0 + Double($1.0) * Double($1.1) } / total
        let variance =
          zip(counts, table).reduce(0) {
            $0 + Double($1.0) * (Double($1.1) - mean) * (Double($1.1) - mean)
          } / total
        let deviation = variance > 1e-12 ? Float(variance.squareRoot()) : 1
        settled.mean[channel] += std[channel] * Float(mean)
        settled.std[channel] *= deviation
      }
    }
    return settled
  }

  private var borderLevel: UInt8 {
    if case .letterbox(_, _, let level) = resize { level } else { 0 }
  }

  /// For each channel, the value of each of the 256 levels.
  ///
  /// A scale of 1/255 is computed as a division by 255, as in `ToTensor`, because a product with
  /// the rounded reciprocal differs in the last bit; likewise for any divisor that is a multiple of
  /// one half (Keras' 127.5). Then the mean is subtracted and the difference divided, each rounded.
  var levels: [[Float]] {
    get throws {
      let count = channels == .grey ? 1 : 3
      guard mean.count == count, std.count == count else {
        throw ZooError.failure(
          "preprocessing to \(channels.rawValue) needs \(count) means and standard deviations, "
            + "not \(mean.count) and \(std.count)")
      }
      let divisor = (2 / scale).rounded() / 2
      let divides = divisor.isNormal && 1 / divisor == scale
      return zip(mean, std).map { mean, std in
        (0..<256).map { level in
          let unit = divides ? Float(level) / divisor : Float(level) * scale
          return (unit - mean) / std
        }
      }
    }
  }
}
