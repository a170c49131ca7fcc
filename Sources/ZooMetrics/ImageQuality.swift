import Glibc
import ZooKit

/// The difference between two pictures, given as planes (C×H×W), in float64.
///
/// ```swift
/// let quality = try ImageQuality(restored, original, channels: 3, height: 64, width: 64, range: 1)
/// quality.psnr
/// ```
public struct ImageQuality: Sendable {
  private let a, b: [Double]
  private let channels, height, width: Int
  /// The largest minus the smallest possible value of a sample.
  private let range: Double

  public init(
    _ a: some Collection<Float>, _ b: some Collection<Float>, channels: Int, height: Int,
    width: Int, range: Double
  ) throws {
    guard let shape = Shape(checked: [channels, height, width]), shape.count > 0,
      a.count == shape.count, b.count == shape.count
    else {
      throw ZooError.failure(
        "\(a.count) and \(b.count) samples are not two pictures of \(channels)×\(height)×\(width)")
    }
    guard range > 0, range.isFinite else {
      throw ZooError.failure("a range of samples must be positive, not \(range)")
    }
    self.a = a.map(Double.init)
    self.b = b.map(Double.init)
    (self.channels, self.height, self.width) = (channels, height, width)
    self.range = range
  }

  public var meanSquaredError: Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(a.count)
  }

  /// The peak signal-to-noise ratio in decibels; infinite if the pictures are equal.
  public var psnr: Double { 10 * log10(range * range / meanSquaredError) }

  /// The windows over which structural similarity is averaged.
  public enum Similarity: Sendable {
    /// Squares of 7×7 and unbiased variances: scikit-image's default.
    case uniform
    /// Gaussians of σ 1.5 over 11×11 and biased variances, as in the paper.
    case gaussian
  }

  /// Structural similarity (Wang et al. 2004) with K₁ .01 and K₂ .03, averaged over the channels
  /// and all windows inside the picture.
  public func ssim(_ similarity: Similarity = .uniform) throws -> Double {
    let weights: [Double]
    let correction: Double
    switch similarity {
    case .uniform:
      weights = Array(repeating: 1.0 / 7, count: 7)
      correction = 49.0 / 48
    case .gaussian:
      let powers = (-5...5).map { exp(-Double($0 * $0) / (2 * 1.5 * 1.5)) }
      weights = powers.map { $0 / powers.reduce(0, +) }
      correction = 1
    }
    guard height >= weights.count, width >= weights.count else {
      throw ZooError.failure(
        "structural similarity needs \(weights.count) pixels each way, not \(width)×\(height)")
    }
    let (c1, c2) = (0.01 * range * 0.01 * range, 0.03 * range * 0.03 * range)
    let area = height * width
    var sum = 0.0
    for channel in 0..<channels {
      let plane = channel * area..<(channel + 1) * area
      let (x, y) = (Array(a[plane]), Array(b[plane]))
      func windows(_ samples: [Double]) -> [Double] { filtered(samples, weights) }
      func products(_ x: [Double], _ y: [Double]) -> [Double] { zip(x, y).map { $0 * $1 } }
      let (mx, my) = (windows(x), windows(y))
      let (xx, yy, xy) = (
        windows(products(x, x)), windows(products(y, y)), windows(products(x, y))
      )
      var similarity = 0.0
      for index in mx.indices {
        let (mx, my) = (mx[index], my[index])
        let vx = correction * (xx[index] - mx * mx)
        let vy = correction * (yy[index] - my * my)
        let covariance = correction * (xy[index] - mx * my)
        similarity +=
          (2 * mx * my + c1) * (2 * covariance + c2)
          / ((mx * mx + my * my + c1) * (vx + vy + c2))
      }
      sum += similarity / Double(mx.count)
    }
    return sum / Double(channels)
  }

  /// Weighted sums over rows and columns, only for windows inside the plane.
  private func filtered(_ plane: [Double], _ weights: [Double]) -> [Double] {
    let (w, h) = (width - weights.count + 1, height - weights.count + 1)
    var rows = [Double](repeating: 0, count: height * w)
    for y in 0..<height {
      for (tap, weight) in weights.enumerated() {
        for x in 0..<w { rows[y * w + x] += weight * plane[y * width + x + tap] }
      }
    }
    var result = [Double](repeating: 0, count: h * w)
    for y in 0..<h {
      for (tap, weight) in weights.enumerated() {
        for x in 0..<w { result[y * w + x] += weight * rows[(y + tap) * w + x] }
      }
    }
    return result
  }
}
