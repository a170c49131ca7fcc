import ZooDetection
import ZooKit

/// The anchors of a batch, ordered by level, row and position, and the indices of the network's
/// outputs for each, which are also ordered by level, but then by kind.
package struct AnchorField {
  package let batch: PictureBatch
  package let boxes: [Box]
  /// The range of anchors of each level.
  package let levels: [Range<Int>]
  /// The index of each anchor's logit within a picture's logits.
  private let logits: [Int32]
  /// The number of positions of each level, and of anchors per position.
  private let sizes: [(area: Int, each: Int)]

  /// - Parameters:
  ///   - anchors: for all levels.
  ///   - maps: one for each level.
  ///   - batch: the batch from which the maps were computed.
  package init(_ anchors: Anchors, _ maps: some Collection<Tensor>, _ batch: PictureBatch) throws {
    guard maps.count == anchors.sizes.count, maps.allSatisfy({ $0.shape.rank == 4 }) else {
      throw ZooError.failure("\(maps.count) maps for \(anchors.sizes.count) levels of anchors")
    }
    self.batch = batch
    var (boxes, levels, logits): ([Box], [Range<Int>], [Int32]) = ([], [], [])
    var sizes: [(area: Int, each: Int)] = []
    for (level, map) in maps.enumerated() {
      let size = Window.Size(map.shape[2], map.shape[3])
      let (area, each, first) = (size.height * size.width, anchors.count(level: level), boxes.count)
      boxes += anchors.boxes(level: level, map: size, picture: batch.size)
      levels.append(first..<boxes.count)
      sizes.append((area, each))
      for place in 0..<area {
        for kind in 0..<each { logits.append(Int32(first + kind * area + place)) }
      }
    }
    (self.boxes, self.levels, self.logits, self.sizes) = (boxes, levels, logits, sizes)
  }

  /// The index of an anchor's logit.
  package func logit(_ anchor: Int, _ picture: Int) -> Int {
    picture * boxes.count + Int(logits[anchor])
  }

  /// The index of an anchor's first number of four, and the distance between them.
  package func code(_ anchor: Int, _ picture: Int) -> (first: Int, step: Int) {
    let level = levels.firstIndex { anchor < $0.upperBound } ?? 0
    let (first, (area, each)) = (levels[level].lowerBound, sizes[level])
    let (place, kind) = (anchor - first).quotientAndRemainder(dividingBy: each)
    return (4 * (picture * boxes.count + first + kind * area) + place, area)
  }

  /// Checks that the network's outputs match the number of anchors.
  package func check(_ objectness: Tensor, _ deltas: Tensor) throws {
    guard objectness.shape.sizes == [batch.sizes.count, boxes.count],
      deltas.shape.sizes == [batch.sizes.count, 4 * boxes.count]
    else {
      throw ZooError.failure(
        "\(objectness.shape) scores and \(deltas.shape) deltas do not fit \(boxes.count) anchors")
    }
  }
}

extension Tensor {
  /// Boxes of each picture of a batch, as input for layers that read regions.
  package init(regions: [[Box]]) throws {
    try self.init(
      [regions.reduce(0) { $0 + $1.count }, 5],
      regions.enumerated().flatMap { picture, boxes in
        boxes.flatMap { [Float(picture), $0.x0, $0.y0, $0.x1, $0.y1] }
      })
  }
}
