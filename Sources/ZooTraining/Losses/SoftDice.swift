import Glibc
import ZooKit
import ZooStore

/// One minus the soft overlap of prediction and truth (Milletari et al., arXiv:1606.04797), pooled
/// over the batch and averaged over channels:
///
/// 1 − (2·Σp·y + s) / (Σp + Σy + s)
///
/// Pixels count relative to their structure's size, so a thin membrane weighs as much as the wide
/// background; pixel weights have no effect. Classes in two or more channels use a softmax,
/// everything else a sigmoid.
public struct SoftDice: Loss {
  /// Avoids a division by zero for an empty mask.
  public var smooth: Double

  public init(smooth: Double = 1) { self.smooth = smooth }

  public func callAsFunction(_ output: Tensor, _ target: Target) throws -> LossValue {
    let positions = try Positions(output)
    let (channels, plane) = (positions.channels, positions.plane)
    let truth = try Shares(target, output, positions)
    let exclusive =
      switch target {
      case .classes, .weighted: channels > 1
      case .values: false
      }

    return try output.gradient { x, gradient in
      // First compute the probabilities, in the memory of the gradient.
      _ = try positions.sum(cost: 16) { range in
        for position in range {
          let base = positions.base(position)
          guard exclusive else {
            for channel in 0..<channels {
              let index = base + channel * plane
              gradient[index] = Float(1 / (1 + exp(-Double(x[index]))))
            }
            continue
          }
          let softmax = RowSoftmax(count: channels) { x[base + $0 * plane] }
          for channel in 0..<channels {
            let index = base + channel * plane
            gradient[index] = Float(softmax.share(of: x[index]))
          }
        }
        return .zero
      }
      // The derivative of the loss for p is a·y + b, per channel.
      var value = 0.0
      var slopes: [(a: Double, b: Double)] = []
      for channel in 0..<channels {
        let sums = try positions.sum(cost: 4) { range in
          var (overlap, mass) = (0.0, 0.0)
          for position in range where truth.isKnown(position) {
            let index = positions.base(position) + channel * plane
            let (p, y) = (Double(gradient[index]), truth.share(position, channel, at: index))
            overlap += p * y
            mass += p + y
          }
          return [overlap, mass]
        }
        let (top, bottom) = (2 * sums[0] + smooth, sums[1] + smooth)
        value += bottom > 0 ? (1 - top / bottom) / Double(channels) : 0
        let scale = bottom > 0 ? 1 / (bottom * Double(channels)) : 0
        slopes.append((a: -2 * scale, b: bottom > 0 ? scale * top / bottom : 0))
      }
      _ = try positions.sum(cost: 8) { range in
        for position in range {
          let base = positions.base(position)
          let isKnown = truth.isKnown(position)
          func slope(_ channel: Int, _ index: Int) -> Double {
            guard isKnown else { return 0 }
            return slopes[channel].a * truth.share(position, channel, at: index) + slopes[channel].b
          }
          var mean = 0.0
          if exclusive {
            for channel in 0..<channels {
              let index = base + channel * plane
              mean += Double(gradient[index]) * slope(channel, index)
            }
          }
          for channel in 0..<channels {
            let index = base + channel * plane
            let p = Double(gradient[index])
            gradient[index] = Float(
              exclusive ? p * (slope(channel, index) - mean) : p * (1 - p) * slope(channel, index))
          }
        }
        return .zero
      }
      return value
    }
  }

  public var json: JSON { ["kind": "dice", "smooth": JSON(smooth)] }
}
