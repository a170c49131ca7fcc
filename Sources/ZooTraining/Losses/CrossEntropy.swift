import Glibc
import ZooKit
import ZooStore

/// Softmax cross-entropy, −Σ t·log p, averaged over items or pixels.
///
/// With label smoothing ε (Szegedy et al., arXiv:1512.00567, section 7) every class gets ε/C and
/// the true class the rest. With class weights, each term is multiplied by the weight of its class
/// and the mean is weighted; likewise with pixel weights.
public struct CrossEntropy: Loss {
  public var labelSmoothing: Double
  /// One per class; nil means 1 for all.
  public var classWeights: [Double]?

  public init(labelSmoothing: Double = 0, classWeights: [Double]? = nil) {
    self.labelSmoothing = labelSmoothing
    self.classWeights = classWeights
  }

  /// Weights that give every class the same total weight, however often it occurs: n / (C·nᵢ). A
  /// class without items gets 0.
  public static func balanced(counts: [Int]) -> [Double] {
    let (total, classes) = (Double(counts.reduce(0, +)), Double(counts.count))
    return counts.map { $0 > 0 ? total / (classes * Double($0)) : 0 }
  }

  public func callAsFunction(_ output: Tensor, _ target: Target) throws -> LossValue {
    let positions = try Positions(output)
    let (channels, plane) = (positions.channels, positions.plane)
    let weights = classWeights ?? Array(repeating: 1, count: channels)
    guard weights.count == channels else {
      throw ZooError.failure("\(weights.count) weights of classes for \(channels) classes")
    }
    guard channels > 1 else {
      throw ZooError.failure("cross-entropy takes two classes or more, not \(output.shape)")
    }
    let truth = try Shares(target, output, positions)
    let total = truth.weight(weights, positions)
    let scale = total > 0 ? 1 / total : 0
    let background = labelSmoothing / Double(channels)

    return try output.gradient { x, gradient in
      try positions.sum(cost: 16) { range in
        var sum = 0.0
        for position in range {
          let base = positions.base(position)
          guard truth.isKnown(position) else {
            for channel in 0..<channels { gradient[base + channel * plane] = 0 }
            continue
          }
          let softmax = RowSoftmax(count: channels) { x[base + $0 * plane] }
          let logarithm = log(softmax.sum)
          let counting = truth.weight(at: position)
          // Σ t and Σ t·log p, with t weighted and smoothed.
          var (mass, likelihood) = (0.0, 0.0)
          for channel in 0..<channels {
            let index = base + channel * plane
            let share =
              background + (1 - labelSmoothing) * truth.share(position, channel, at: index)
            let weight = weights[channel] * share
            guard weight != 0 else { continue }
            mass += weight
            likelihood += weight * (Double(x[index] - softmax.largest) - logarithm)
          }
          for channel in 0..<channels {
            let index = base + channel * plane
            let share =
              background + (1 - labelSmoothing) * truth.share(position, channel, at: index)
            let probability = softmax.share(of: x[index])
            gradient[index] = Float(
              scale * counting * (mass * probability - weights[channel] * share))
          }
          sum -= counting * likelihood
        }
        return [sum, 0]
      }[0] * scale
    }
  }

  public var json: JSON {
    [
      "kind": "cross-entropy", "labelSmoothing": JSON(labelSmoothing),
      "classWeights": classWeights.map { JSON($0) } ?? nil,
    ]
  }
}
