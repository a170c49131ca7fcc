import ZooKit

/// The mean derivative over noisy copies of the picture (Smilkov et al., arXiv:1706.03825).
public struct SmoothGrad: SamplingMethod {
  public let name = "smoothgrad"
  /// The number of copies.
  public var samples = 50
  /// The deviation of the noise as a share of the input's range; the paper finds 0.1 to 0.2 best.
  public var noise: Float = 0.15
  public var seed = 0
  public init() {}

  public func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
    let values = input.values
    let range = (values.max() ?? 0) - (values.min() ?? 0)
    let random = random
    let mean = try subject.meanGradient(of: samples, like: input) { sample, place in
      let random = random.key(sample)
      for index in place.indices {
        place[index] = values[index] + noise * range * random.normal(index)
      }
    }
    return Attribution(mean, as: .magnitude)
  }
}

extension ExplanationMethod where Self == SmoothGrad {
  public static var smoothGrad: SmoothGrad { SmoothGrad() }
}

extension Subject {
  /// The mean of the derivatives at several inputs, computed a few at a time.
  /// - Parameters:
  ///   - weights: a factor for each input instead of the mean.
  ///   - fill: writes one input.
  func meanGradient(
    of count: Int, like input: Tensor, weights: [Double]? = nil,
    filledBy fill: (Int, UnsafeMutableBufferPointer<Float>) -> Void
  ) throws -> Tensor {
    let (size, floats, point) = (min(8, count), input.count, graph.inputs[0].name)
    var sum = [Double](repeating: 0, count: floats)
    for start in stride(from: 0, to: count, by: size) {
      let items = min(size, count - start)
      let batch = try Tensor(Shape([size] + input.shape.sizes)) { values in
        for item in 0..<size {
          let place = values[item * floats..<(item + 1) * floats]
          place.initialize(repeating: 0)
          if item < items { fill(start + item, UnsafeMutableBufferPointer(rebasing: place)) }
        }
      }
      try gradients(at: [point], of: batch, rule: .plain)[point]?.gradient.withValues { gradient in
        for item in 0..<items {
          let weight = weights?[start + item] ?? 1 / Double(count)
          for index in 0..<floats {
            sum[index] += weight * Double(gradient[item * floats + index])
          }
        }
      }
    }
    return try Tensor(input.shape, sum.map { Float($0) })
  }
}
