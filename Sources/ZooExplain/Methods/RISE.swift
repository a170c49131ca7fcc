import ZooKit

/// The mean of random masks, each weighed by the score of the picture seen through it (Petsiuk, Das and
/// Saenko, arXiv:1806.07421).
public struct RISE: SamplingMethod {
  public let name = "rise"
  /// The number of masks.
  public var samples = 1000
  /// The cells of a mask on each side, before it is enlarged and shifted at random.
  public var cells = 7
  /// The share of open cells.
  public var open: Float = 0.5
  public var seed = 0
  public init() {}

  public func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
    let (height, width) = (input.shape.height, input.shape.width)
    let pixels = height * width
    let random = random
    let scores = try subject.scores(of: samples, on: .probability) { index, place in
      let mask = try mask(random.key(index), height, width)
      input.withValues { values in
        for number in place.indices { place[number] = values[number] * mask[number % pixels] }
      }
    }
    var sum = [Double](repeating: 0, count: pixels)
    // Each mask is made again instead of kept: a thousand of them take 200 MB.
    for (index, score) in scores.enumerated() {
      let mask = try mask(random.key(index), height, width)
      for pixel in 0..<pixels { sum[pixel] += score * Double(mask[pixel]) }
    }
    let scale = 1 / (Double(samples) * Double(open))
    return Attribution(try Tensor([height, width], sum.map { Float($0 * scale) }), as: .magnitude)
  }

  /// A grid of open and closed cells, larger than the input by one cell, at a random offset.
  private func mask(_ random: Random, _ height: Int, _ width: Int) throws -> [Float] {
    let (cellHeight, cellWidth) = ((height + cells - 1) / cells, (width + cells - 1) / cells)
    let grid = (0..<cells * cells).map { random.uniform($0) < open ? Float(1) : 0 }
    let (tall, wide) = ((cells + 1) * cellHeight, (cells + 1) * cellWidth)
    let large = try Tensor([cells, cells], grid).enlarged(to: tall, wide)
    let top = random.below(cellHeight, cells * cells)
    let left = random.below(cellWidth, cells * cells + 1)
    var mask: [Float] = []
    mask.reserveCapacity(height * width)
    large.withValues { values in
      for y in 0..<height {
        let start = (top + y) * wide + left
        mask += values[start..<start + width]
      }
    }
    return mask
  }
}

extension ExplanationMethod where Self == RISE {
  public static var rise: RISE { RISE() }
}
