import ZooDetection
import ZooKit

/// A head's map and its decoding: at every position each anchor has four numbers for a box, one for
/// objectness, and one per class.
package struct Grid: Hashable, Sendable {
  /// Width and height in pixels of the network's input.
  package var anchors: [SIMD2<Float>]
  /// The stride of the map in pixels.
  package var stride: Int
  /// Centres may lie outside of their cell, because a sigmoid alone never reaches its border
  /// (section 3.4 of the fourth paper, “grid sensitivity”).
  package var scale: Float = 1
  /// Whether classes exclude each other (second version), or are independent.
  package var isExclusive = false

  package init(_ anchors: [SIMD2<Float>], stride: Int, scale: Float = 1, isExclusive: Bool = false)
  {
    self.anchors = anchors
    self.stride = stride
    self.scale = scale
    self.isExclusive = isExclusive
  }
}

extension Grid {
  func scaled(_ scale: Float) -> Grid {
    var grid = self
    grid.scale = scale
    return grid
  }

  /// The same anchors for smaller pictures.
  func shrunk(_ factor: Float) -> Grid {
    var grid = self
    grid.anchors = anchors.map { $0 * factor }
    return grid
  }
}

// From k-means on COCO, as in the configurations.

extension Grid {
  /// In units of the map's cells.
  static let v2 = Grid(
    [
      [0.57273, 0.677385], [1.87446, 2.06253], [3.33843, 5.47434], [7.88282, 3.52778],
      [9.77052, 9.16828],
    ].map { (side: SIMD2<Float>) in side * 32 }, stride: 32, isExclusive: true)

  /// The first of six anchors is unused: the published weights were trained that way. The
  /// configuration of the third version has since changed, and converters change it back.
  static let tiny: [Grid] = {
    let all: [SIMD2<Float>] = [
      [10, 14], [23, 27], [37, 58], [81, 82], [135, 169], [344, 319],
    ]
    return [Grid(Array(all[3...]), stride: 32), Grid(Array(all[1..<4]), stride: 16)]
  }()

  static let v3: [Grid] = {
    let all: [SIMD2<Float>] = [
      [10, 13], [16, 30], [33, 23], [30, 61], [62, 45], [59, 119], [116, 90], [156, 198],
      [373, 326],
    ]
    return [32, 16, 8].enumerated().map { level, stride in
      Grid(Array(all[(6 - 3 * level)..<(9 - 3 * level)]), stride: stride)
    }
  }()

  static let v4: [Grid] = {
    let all: [SIMD2<Float>] = [
      [12, 16], [19, 36], [40, 28], [36, 75], [76, 55], [72, 146], [142, 110], [192, 243],
      [459, 401],
    ]
    let scales: [Float] = [1.2, 1.1, 1.05]
    return [8, 16, 32].enumerated().map { level, stride in
      Grid(Array(all[3 * level..<3 * level + 3]), stride: stride, scale: scales[level])
    }
  }()
}
