import ZooDetection
import ZooKit

/// The anchors of a batch, level by level, row by row and place by place, and where the network's
/// answers about each of them are: those lie level by level too, but kind by kind.
package struct AnchorField {
  package let batch: PictureBatch
  package let boxes: [Box]
  /// Which of them belong to each level.
  package let levels: [Range<Int>]
  /// Of each anchor, where in the logits of a picture its own is.
  private let logits: [Int32]
  /// Of each level, how many places it has and how many anchors each of them.
  private let sizes: [(area: Int, each: Int)]

  /// - Parameters:
  ///   - anchors: of all levels.
  ///   - maps: of each level one.
  ///   - batch: that the maps were made from.
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

  /// Where the logit of an anchor is.
  package func logit(_ anchor: Int, _ picture: Int) -> Int {
    picture * boxes.count + Int(logits[anchor])
  }

  /// Where the four numbers of an anchor begin, and how far apart they are.
  package func code(_ anchor: Int, _ picture: Int) -> (first: Int, step: Int) {
    let level = levels.firstIndex { anchor < $0.upperBound } ?? 0
    let (first, (area, each)) = (levels[level].lowerBound, sizes[level])
    let (place, kind) = (anchor - first).quotientAndRemainder(dividingBy: each)
    return (4 * (picture * boxes.count + first + kind * area) + place, area)
  }

  /// The network answers for as many anchors as there are.
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
  /// Boxes of each picture of a batch, as layers take them that look at regions.
  package init(regions: [[Box]]) throws {
    try self.init(
      [regions.reduce(0) { $0 + $1.count }, 5],
      regions.enumerated().flatMap { picture, boxes in
        boxes.flatMap { [Float(picture), $0.x0, $0.y0, $0.x1, $0.y1] }
      })
  }
}
