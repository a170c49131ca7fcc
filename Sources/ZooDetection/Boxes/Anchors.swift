import ZooKit

/// The boxes that a detector starts from: of some sizes and aspects around every place of a map.
///
/// torchvision's `AnchorGenerator` to the last bit: corners of the cell are rounded to whole
/// pixels, half to even, and the step of a map is the picture's size divided by the map's, rounded
/// down.
public struct Anchors: Hashable, Sendable {
  /// Of each level of the pyramid, the finest first.
  public var sizes: [[Float]]
  /// Height over width, the same on all levels.
  public var aspects: [Float]

  public init(sizes: [[Float]], aspects: [Float]) {
    self.sizes = sizes
    self.aspects = aspects
  }

  /// How many boxes a place of a level has.
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

  /// All of a level, row by row and at each place the cell's.
  /// - Parameters:
  ///   - level: which sizes.
  ///   - map: how many rows and columns.
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
