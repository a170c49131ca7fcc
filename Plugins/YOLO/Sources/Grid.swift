import ZooDetection
import ZooKit

/// A head's map, and how its numbers become boxes: at every place each anchor has four numbers for
/// a box, one for how sure it is, and one for every class.
package struct Grid: Hashable, Sendable {
  /// Width and height in pixels of the network's input.
  package var anchors: [SIMD2<Float>]
  /// Pixels from one place to the next.
  package var stride: Int
  /// Centres reach beyond their place, where a sigmoid alone would never arrive (section 3.4 of the
  /// fourth paper, “grid sensitivity”).
  package var scale: Float = 1
  /// One class of all (the second version), or each by itself.
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

// By k-means on COCO, as the configurations have them.

extension Grid {
  /// Given in places of the map.
  static let v2 = Grid(
    [
      [0.57273, 0.677385], [1.87446, 2.06253], [3.33843, 5.47434], [7.88282, 3.52778],
      [9.77052, 9.16828],
    ].map { (side: SIMD2<Float>) in side * 32 }, stride: 32, isExclusive: true)

  /// Of six, the first serves nobody: so the published weights were trained. The configuration of
  /// the third version says otherwise since, and converters put it back.
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
