import Glibc

/// AlexNet's normalisation across neighbouring channels (Krizhevsky et al. 2012, section 3.3), with
/// PyTorch's definition of α:
///
/// y[c] = x[c] / (k + α/size · Σ x[j]²)^β, the sum over `size` channels j around c.
public struct LocalResponseNorm: Layer {
  public var size: Int
  public var alpha, beta, k: Float

  public init(size: Int = 5, alpha: Float = 1e-4, beta: Float = 0.75, k: Float = 1) {
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.k = k
  }

  public var kind: String { "lrn" }
  public var needs: Needs { .inputs }
  public var dependsOnMode: Bool { false }

  public func output(_ inputs: [Shape]) throws -> Shape {
    guard size > 0 else { throw ZooError.failure("lrn over \(size) channels") }
    return try map(inputs)
  }

  /// The neighbours of a channel; an even size reaches further back.
  private func around(_ channel: Int, _ channels: Int) -> Range<Int> {
    max(0, channel - size / 2)..<min(channels, channel + (size - 1) / 2 + 1)
  }

  public func forward(_ pass: Pass) {
    let (x, y) = (pass.inputs[0], pass.output)
    let (channels, plane) = (x.shape.channels, x.stride / x.shape.channels)
    Threads.split(x.batch * channels, cost: plane * (size + 20)) { range in
      for index in range {
        let (item, channel) = index.quotientAndRemainder(dividingBy: channels)
        let (source, target) = (x[item] + channel * plane, y[item] + channel * plane)
        sumSquares(x[item], around(channel, channels), plane, into: target)
        for i in 0..<plane {
          target[i] = source[i] * pow(k + alpha / Float(size) * target[i], -beta)
        }
      }
    }
  }

  /// dx[c] = dy[c]·s[c]^−β − 2αβ/size · x[c] · Σ dy[j]·x[j]·s[j]^(−β−1), over the channels j whose
  /// sums s[j] contain c.
  public func backward(_ pass: Pass, _ gradients: Gradients) throws {
    guard let dx = gradients.inputs[0] else { return }
    let (x, dy) = (pass.inputs[0], gradients.output)
    let (channels, plane) = (x.shape.channels, x.stride / x.shape.channels)
    let factor = 2 * alpha * beta / Float(size)
    let sums = try pass.scratch.floats(x.stride)
    for item in 0..<x.batch {
      Threads.split(channels, cost: plane * (size + 20)) { range in
        for channel in range {
          let offset = channel * plane
          let (source, g, target) = (x[item] + offset, dy[item] + offset, dx[item] + offset)
          let s = sums + offset
          sumSquares(x[item], around(channel, channels), plane, into: s)
          for i in 0..<plane {
            let base = k + alpha / Float(size) * s[i]
            let power = pow(base, -beta)
            target[i] += g[i] * power
            s[i] = g[i] * source[i] * power / base
          }
        }
      }
      Threads.split(channels, cost: plane * size) { range in
        for channel in range {
          let (source, target) = (x[item] + channel * plane, dx[item] + channel * plane)
          let holders =
            max(0, channel - (size - 1) / 2)..<min(channels, channel + size / 2 + 1)
          for j in holders {
            let s = sums + j * plane
            for i in 0..<plane { target[i] -= factor * source[i] * s[i] }
          }
        }
      }
    }
  }

  private func sumSquares(_ item: Floats, _ channels: Range<Int>, _ plane: Int, into sums: Floats) {
    sums.update(repeating: 0, count: plane)
    for channel in channels {
      let x = item + channel * plane
      for i in 0..<plane { sums[i] += x[i] * x[i] }
    }
  }
}
