import ZooKit

extension Preprocessing {
  /// Whether pictures keep unequal sizes or are interpolated as tensors, which needs another path.
  var isPadded: Bool { multiple > 1 || interpolation == .sampled }

  /// A batch of pictures of any size, each in the top left corner of its item with zeros around it,
  /// and the placement of each: torchvision's `GeneralizedRCNNTransform`.
  ///
  /// ```swift
  /// let (batch, placements) = try preprocessing.padded([photo, other])
  /// batch.shape                      // 2×3×800×1088
  /// placements[0].resized            // 800×1066: the part of it that is picture
  /// ```
  public func padded(_ pictures: [Picture]) throws -> (tensor: Tensor, placements: [Placement]) {
    guard !pictures.isEmpty, multiple > 0 else {
      throw ZooError.failure("a batch needs at least one picture")
    }
    let tables = try levels
    let placements = try pictures.map { try placement(of: $0.size) }
    // A network that halves five times needs 32 pixels, however thin the picture is.
    let least = multiple > 1 ? 32 : 0
    func side(_ sides: [Int]) -> Int {
      (max(sides.max() ?? 0, least) + multiple - 1) / multiple * multiple
    }
    let size = Window.Size(
      side(placements.map(\.shown.height)), side(placements.map(\.shown.width)))
    guard size.height <= Picture.sizeLimit / max(size.width, 1),
      let shape = Shape(checked: [pictures.count, tables.count, size.height, size.width])
    else {
      throw ZooError.corrupt(
        "no tensor can hold \(pictures.count) pictures of \(size.width)×\(size.height)")
    }
    let tensor = try Tensor(shape) { values in
      guard let base = values.baseAddress else { return }
      if placements.contains(where: { $0.shown.width * $0.shown.height < size.area }) {
        values.initialize(repeating: 0)
      }
      for (item, picture) in pictures.enumerated() {
        let plane = base + item * tables.count * size.area
        if interpolation == .sampled {
          try interpolate(picture, tables, to: placements[item], plane, size)
        } else {
          try copy(picture, tables, plane, size)
        }
      }
    }
    return (tensor, placements)
  }

  private func copy(
    _ picture: Picture, _ tables: [[Float]], _ item: UnsafeMutablePointer<Float>,
    _ size: Window.Size
  ) throws {
    let input = try applied(to: picture)
    input.withPixels { pixels in
      for (channel, table) in tables.enumerated() {
        let source = channels == .bgr ? tables.count - 1 - channel : channel
        for row in 0..<input.height {
          let target = item + channel * size.area + row * size.width
          for column in 0..<input.width {
            target[column] =
              table[
                Int(pixels[(row * input.width + column) * tables.count + source])]
          }
        }
      }
    }
  }

  /// Normalised first and then interpolated, like the reference; the order affects only the last
  /// digits.
  private func interpolate(
    _ picture: Picture, _ tables: [[Float]], to placement: Placement,
    _ item: UnsafeMutablePointer<Float>, _ size: Window.Size
  ) throws {
    let input = try channels == .grey ? picture.grey : picture.rgb
    let (width, count) = (input.width, tables.count)
    guard placement.shown.x == 0, placement.shown.y == 0 else {
      throw ZooError.failure("a crop of a picture that is interpolated as a tensor")
    }
    let across = Neighbours.all(from: width, to: placement.resized.width)
      .prefix(placement.shown.width)
    let down = Neighbours.all(from: input.height, to: placement.resized.height)
      .prefix(placement.shown.height)
    input.withPixels { pixels in
      guard let pixels = pixels.baseAddress else { return }
      for (channel, table) in tables.enumerated() {
        let source = pixels + (channels == .bgr ? count - 1 - channel : channel)
        let plane = item + channel * size.area
        table.withUnsafeBufferPointer { table in
          // Safe to share: every row is written by one thread.
          nonisolated(unsafe) let (source, plane, table) = (source, plane, table)
          Threads.split(down.count, cost: across.count * 8) { rows in
            for row in rows {
              let y = down[row]
              let upper = source + y.first * width * count
              let lower = source + y.second * width * count
              let target = plane + row * size.width
              for (column, x) in across.enumerated() {
                let (a, b) = (x.first * count, x.second * count)
                let above =
                  (1 - x.weight) * table[Int(upper[a])] + x.weight * table[Int(upper[b])]
                let below =
                  (1 - x.weight) * table[Int(lower[a])] + x.weight * table[Int(lower[b])]
                target[column] = (1 - y.weight) * above + y.weight * below
              }
            }
          }
        }
      }
    }
  }
}

extension Window.Size {
  fileprivate var area: Int { height * width }
}
