import ZooKit
import ZooVision

/// Transformations of a picture together with its mask and boxes.
extension Sample {
  /// The grey level beyond the picture, as in YOLO.
  public static let fill: UInt8 = 114

  /// The part of a box that must stay visible for a random crop to keep it.
  public static let leastVisible = 0.2

  public var size: Window.Size { picture.size }

  /// The sample as a checkpoint sees it: the picture resized and cropped by its record, equal to
  /// PIL to the last bit; the mask by nearest neighbours, so that no new class values appear; boxes
  /// clipped to the picture.
  public func placed(by preprocessing: Preprocessing) throws -> Sample {
    let placement = try preprocessing.placement(of: picture.size)
    var placed = self
    placed.picture = try preprocessing.applied(to: picture)
    try placed.mapTruth(
      into: placement.shown.size, leastVisible: 0,
      mask: {
        try $0.resized(
          to: placement.resized, interpolation: .nearest, showing: placement.shown,
          filling: Truth.ignored)
      },
      point: { point in
        let (x, y) = placement.inputCoordinates(x: point.x, y: point.y)
        return [x, y]
      })
    return placed
  }

  /// Stretched to a size.
  public func resized(
    to size: Window.Size, interpolation: Preprocessing.Interpolation = .bilinear
  ) throws -> Sample {
    if size == picture.size { return self }
    let scale = SIMD2(
      Double(size.width) / Double(picture.width), Double(size.height) / Double(picture.height))
    var resized = self
    resized.picture = try picture.resized(to: size, interpolation: interpolation)
    try resized.mapTruth(
      into: size, leastVisible: 0,
      mask: { try $0.resized(to: size, interpolation: .nearest) }, point: { $0 * scale })
    return resized
  }

  /// A region, which may extend beyond the picture. There the picture is grey and the mask has no
  /// class.
  public func cropped(
    to region: Region, filling level: UInt8 = Sample.fill,
    leastVisible: Double = Sample.leastVisible
  ) throws -> Sample {
    var cropped = self
    cropped.picture = try picture.cropped(to: region, filling: level)
    let origin = SIMD2(Double(region.x), Double(region.y))
    try cropped.mapTruth(
      into: region.size, leastVisible: leastVisible,
      mask: { try $0.cropped(to: region, filling: Truth.ignored) }, point: { $0 - origin })
    return cropped
  }

  /// Mirrored left to right, or top to bottom.
  public func flipped(vertically: Bool = false) throws -> Sample {
    try turned(vertically ? 4 : 2) { point, size in
      vertically ? [point.x, size.y - point.y] : [size.x - point.x, point.y]
    }
  }

  /// Turned clockwise by right angles.
  public func turned(quarters: Int) throws -> Sample {
    switch ((quarters % 4) + 4) % 4 {
    case 1: try turned(6) { point, size in [size.y - point.y, point.x] }
    case 2: try turned(3) { point, size in size - point }
    case 3: try turned(8) { point, size in [point.y, size.x - point.x] }
    default: self
    }
  }

  /// By EXIF's number; the closure maps a point of a picture of the given size.
  private func turned(
    _ number: Int, _ point: (SIMD2<Double>, SIMD2<Double>) -> SIMD2<Double>
  ) throws -> Sample {
    guard let orientation = Orientation(number) else { return self }
    let size = SIMD2(Double(picture.width), Double(picture.height))
    var turned = self
    turned.picture = try picture.oriented(orientation)
    try turned.mapTruth(
      into: turned.picture.size, leastVisible: 0, mask: { try $0.oriented(orientation) },
      point: { point($0, size) })
    return turned
  }

  /// Transforms mask and boxes like the picture. A box becomes the clipped bounding box of its
  /// moved corners. It is dropped if less than `leastVisible` of it, or less than a pixel, is left.
  mutating func mapTruth(
    into size: Window.Size, leastVisible: Double, mask move: (Picture) throws -> Picture,
    point: (SIMD2<Double>) -> SIMD2<Double>
  ) throws {
    switch truth {
    case .mask(let mask): truth = .mask(try move(mask))
    case .boxes(let boxes):
      truth = .boxes(
        boxes.compactMap { box in
          let frame = box.frame
          let corners = [
            point([frame.x0, frame.y0]), point([frame.x1, frame.y0]),
            point([frame.x1, frame.y1]), point([frame.x0, frame.y1]),
          ]
          return box.bounded(by: corners, in: size, leastVisible: leastVisible)
        })
    case .none, .label, .labels, .values: break
    }
  }
}

extension ObjectBox {
  /// The visible bounding box of these points.
  func bounded(
    by points: [SIMD2<Double>], in size: Window.Size, leastVisible: Double
  ) -> ObjectBox? {
    var low = SIMD2(repeating: Double.infinity)
    var high = -low
    for point in points {
      low.replace(with: point, where: point .< low)
      high.replace(with: point, where: point .> high)
    }
    let whole = (high.x - low.x) * (high.y - low.y)
    let border = SIMD2(Double(size.width), Double(size.height))
    let (x0, y0) = (max(low.x, 0), max(low.y, 0))
    let (x1, y1) = (min(high.x, border.x), min(high.y, border.y))
    let seen = max(x1 - x0, 0) * max(y1 - y0, 0)
    guard x1 > x0, y1 > y0, seen >= leastVisible * whole else { return nil }
    guard leastVisible == 0 || min(x1 - x0, y1 - y0) >= 1 else { return nil }
    var box = self
    box.frame = Frame(x0: x0, y0: y0, x1: x1, y1: y1)
    // The outline's area changes like the box's.
    box.area = area.map { $0 * seen / max(frame.width * frame.height, .leastNormalMagnitude) }
    return box
  }
}

extension Region {
  var size: Window.Size { Window.Size(height, width) }
}
