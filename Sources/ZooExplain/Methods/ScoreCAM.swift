import Glibc
import ZooKit

/// The maps of a layer, each weighed by the score of the picture seen through it; no gradients (Wang et
/// al., arXiv:1910.01279).
public struct ScoreCAM: LayerMethod {
  public let name = "scorecam"
  public var layer: String?
  public init() {}

  public func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
    let layer = try subject.layer(layer)
    let (height, width) = (input.shape.height, input.shape.width)
    let found = try subject.value(
      of: layer, for: input.reshaped(Shape([1] + input.shape.sizes)))
    let value = found.reshaped(Shape(Array(found.shape.sizes.dropFirst())))
    let masks = try value.enlarged(to: height, width, aligned: true).planes
    let scores = try subject.scores(of: masks.count, on: .raw) { index, place in
      let mask = masks[index]
      let (low, high) = (mask.min() ?? 0, mask.max() ?? 0)
      input.withValues { values in
        for number in place.indices {
          let share = (mask[number % mask.count] - low) / (high - low + 1e-8)
          place[number] = values[number] * share
        }
      }
    }
    let highest = scores.max() ?? 0
    let shares = scores.map { exp($0 - highest) }
    let sum = shares.reduce(0, +)
    return Attribution(
      try value.weighted(by: shares.map { $0 / sum }).rectified(), layer: layer, as: .magnitude)
  }
}

extension ExplanationMethod where Self == ScoreCAM {
  public static var scoreCAM: ScoreCAM { ScoreCAM() }
}
