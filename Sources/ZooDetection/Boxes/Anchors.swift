import ZooKit

/// A detector's reference boxes: several sizes and aspects around every position of a map.
///
/// Equal to torchvision's `AnchorGenerator` to the last bit: corners of the cell are rounded to
/// whole pixels, half to even, and the stride of a map is the picture's size divided by the map's,
/// rounded down.
public struct Anchors: Hashable, Sendable {
  /// The sizes for each level of the pyramid, the finest first.
  public var sizes: [[Float]]
  /// Height over width, the same for all levels.
  public var aspects: [Float]

  public init(sizes: [[Float]], aspects: [Float]) {
    self.sizes = sizes
    self.aspects = aspects
  }

  /// The number of boxes at each position of a level.
  public func count(level: Int) -> Int { sizes[level].count * aspects.count }

  /// The boxes around the origin, by aspect and then by size.
  public func cell(level: Int) -> [Box] {
    aspects.flatMap { aspect in
      let (high, wide) = (aspect.squareRoot(), 1 / aspect.squareRoot())
      return sizes[level].map { size in
        let (width, height) = (wide * size, high * size)
        return Box(
          (-width / 2).rounded(.toNearestOrEven), (-height / 2).rounded(.toNearestOrEven),
          (width / 2).rounded(.toNearestOrEven), (height / 2).rounded(.toNearestOrEven))
      }
    }
  }

  /// All boxes of a level, row by row, and at each position in the order of the cell.
  /// - Parameters:
  ///   - level: the pyramid level.
  ///   - map: the number of rows and columns.
  ///   - picture: the size of the network's input, padding included.
  public func boxes(level: Int, map: Window.Size, picture: Window.Size) -> [Box] {
    guard map.height > 0, map.width > 0 else { return [] }
    let cell = cell(level: level)
    let (down, across) = (picture.height / map.height, picture.width / map.width)
    var boxes: [Box] = []
    boxes.reserveCapacity(map.height * map.width * cell.count)
    for row in 0..<map.height {
      for column in 0..<map.width {
        let (x, y) = (Float(column * across), Float(row * down))
        for box in cell { boxes.append(Box(box.x0 + x, box.y0 + y, box.x1 + x, box.y1 + y)) }
      }
    }
    return boxes
  }
}
