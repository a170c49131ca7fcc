import ZooKit
import ZooVision

extension SemanticSegmenter {
  /// Interpolates probabilities to the picture's size between the four nearest positions; a part
  /// that was cropped takes the nearest border's value.
  func enlarge(
    _ seen: Picture, _ placement: Placement, into mask: inout Picture, _ threshold: Float,
    _ progress: (_ done: Int, _ of: Int) -> Void
  ) throws {
    let (width, height) = (seen.width, seen.height)
    let channels = model.checkpoint.classes.count
    let map = try shares(ofSeen: seen, progress)
    let size = mask.size
    func between(_ place: Double, _ count: Int) -> (Int, Int, Float) {
      let place = min(max(place - 0.5, 0), Double(count - 1))
      let first = Int(place)
      return (first, min(first + 1, count - 1), Float(place - Double(first)))
    }
    let columns = (0..<size.width).map {
      between(placement.inputCoordinates(x: Double($0) + 0.5, y: 0).x, width)
    }
    try mask.withMutablePixels { pixels in
      let pixels = pixels
      map.withValues { map in
        Threads.split(size.height, cost: 8 * size.width * channels) { rows in
          for y in rows {
            let (upper, lower, v) = between(
              placement.inputCoordinates(x: 0, y: Double(y) + 0.5).y, height)
            for (x, (left, right, u)) in columns.enumerated() {
              pixels[y * size.width + x] = decision(threshold) { channel in
                let top = (channel * height + upper) * width
                let bottom = (channel * height + lower) * width
                return (1 - v) * ((1 - u) * map[top + left] + u * map[top + right])
                  + v * ((1 - u) * map[bottom + left] + u * map[bottom + right])
              }
            }
          }
        }
      }
    }
  }

  /// The probabilities of a picture as the network sees it, C×H×W.
  func shares(ofSeen seen: Picture, _ progress: (_ done: Int, _ of: Int) -> Void) throws -> Tensor {
    let (width, height) = (seen.width, seen.height)
    let channels = model.checkpoint.classes.count
    return try Tensor([channels, height, width]) { map in
      try forEachBand(of: seen, progress) { band in
        let count = band.rows.count * width
        for channel in 0..<channels {
          let target = (channel * height + band.rows.lowerBound) * width
          for index in 0..<count { map[target + index] = band.values[channel * band.plane + index] }
        }
      }
    }
  }

  /// A mask with its probabilities, as the network sees the picture.
  func shares(
    of picture: Picture, threshold: Float, _ progress: (_ done: Int, _ of: Int) -> Void
  ) throws -> Segmentation {
    let preprocessing = model.checkpoint.preprocessing
    let placement = try preprocessing.placement(of: picture.size)
    let resized = placement.resized
    guard
      placement.shown == Region(x: 0, y: 0, width: resized.width, height: resized.height)
    else {
      throw ZooError.usage(
        "\(model.name) crops pictures or adds borders, so its masks cannot be combined")
    }
    return try Segmentation(
      shares: shares(ofSeen: preprocessing.applied(to: picture), progress), threshold: threshold,
      classes: classes, background: background)
  }
}
