import ZooKit
import ZooVision

extension SegmentationTask {
  var viewKinds: [PictureView.Kind] { [.flip, .scales] }

  /// Enlarged and reduced, because a segmenter sees pictures at their own scale.
  func views(_ kinds: [PictureView.Kind]) -> [PictureView] {
    PictureView.views(kinds, zooms: [0.75, 1.25])
  }

  func optionsOfMembers(_ options: TaskOptions) -> TaskOptions {
    var own = options
    own[Self.keepsShares] = .integer(1)
    return own
  }

  /// The mean of the probabilities of every pixel, at the picture's size.
  func combined(
    _ seen: [SeenPrediction], of size: Window.Size, classes: [String], _ options: TaskOptions
  ) throws -> any Prediction {
    let answers = try seen.compactMap { answer in
      try (answer.prediction as? Segmentation).map { segmentation in
        guard let shares = segmentation.shares else {
          throw ZooError.failure("a mask without its probabilities cannot be combined")
        }
        return (segmentation, try shares.fitted(to: size, mirrored: answer.view.isMirrored))
      }
    }
    guard let first = answers.first else { throw ZooError.failure("no masks to combine") }
    var sum = first.1
    for (_, shares) in answers.dropFirst() {
      try sum.withMutableValues { sum in
        shares.withValues { for index in sum.indices { sum[index] += $0[index] } }
      }
    }
    let scale = 1 / Float(answers.count)
    try sum.withMutableValues { for index in $0.indices { $0[index] *= scale } }
    return try Segmentation(
      shares: sum, threshold: Self.threshold(options), classes: first.0.areas.map(\.name),
      background: first.0.background)
  }
}

extension Segmentation {
  /// The mask of the most probable classes, or of the only class where it exceeds the threshold.
  init(shares: Tensor, threshold: Float, classes: [String], background: Int?) throws {
    let (channels, height, width) = (shares.shape[0], shares.shape[1], shares.shape[2])
    let area = height * width
    var mask = try Picture(width: width, height: height, channels: 1)
    try mask.withMutablePixels { pixels in
      shares.withValues { shares in
        for pixel in 0..<area {
          pixels[pixel] = SemanticSegmenter.decision(threshold, channels: channels) {
            shares[$0 * area + pixel]
          }
        }
      }
    }
    self.init(mask: mask, classes: classes, background: background)
    self.shares = shares
  }
}

extension Tensor {
  /// A C×H×W map at another size, interpolated between the four nearest positions, and mirrored back.
  fileprivate func fitted(to size: Window.Size, mirrored: Bool) throws -> Tensor {
    let (channels, height, width) = (shape[0], shape[1], shape[2])
    if !mirrored, size == .init(height, width) { return self }
    func between(_ index: Int, _ count: Int, _ from: Int) -> (Int, Int, Float) {
      let place = (Double(index) + 0.5) * Double(from) / Double(count) - 0.5
      let clamped = min(max(place, 0), Double(from - 1))
      return (
        Int(clamped), min(Int(clamped) + 1, from - 1), Float(clamped - clamped.rounded(.down))
      )
    }
    let columns = (0..<size.width).map {
      between(mirrored ? size.width - 1 - $0 : $0, size.width, width)
    }
    return try Tensor([channels, size.height, size.width]) { target in
      withValues { map in
        var place = 0
        for channel in 0..<channels {
          for y in 0..<size.height {
            let (upper, lower, v) = between(y, size.height, height)
            let (top, bottom) = (
              (channel * height + upper) * width, (channel * height + lower) * width
            )
            for (left, right, u) in columns {
              let above = (1 - u) * map[top + left] + u * map[top + right]
              let below = (1 - u) * map[bottom + left] + u * map[bottom + right]
              target.initializeElement(at: place, to: (1 - v) * above + v * below)
              place += 1
            }
          }
        }
      }
    }
  }
}
