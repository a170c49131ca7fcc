import ZooKit
import ZooVision

/// Bends the picture smoothly, with Gaussian displacements on a coarse grid and bicubic
/// interpolation between them (Ronneberger et al. 2015, section 3.1; after Simard et al. 2003).
///
/// “Data augmentation is essential to teach the network the desired invariance … when only few
/// training samples are available”: tissue bends.
public struct ElasticDeformation: Augmentation {
  /// Grid points along each side.
  public var grid: Int
  /// The standard deviation of a displacement, in pixels.
  public var deviation: Double
  public var probability: Double

  public init(grid: Int = 3, deviation: Double = 10, probability: Double = 1) {
    self.grid = max(grid, 2)
    self.deviation = deviation
    self.probability = probability
  }

  public func applied(to sample: Sample, _ context: AugmentationContext) throws -> Sample {
    guard context.random.happens(probability, 0) else { return sample }
    let field = DisplacementField(sample.size, grid: grid) { index in
      deviation * Double(context.random.normal(index + 1))
    }
    let warp = Warp(size: sample.size, edge: .mirror) { line, x, y in
      field.row(line, x, y)
    }
    var bent = sample
    bent.picture = try warp.applied(to: sample.picture)
    switch sample.truth {
    case .mask(let mask): bent.truth = .mask(try warp.applied(to: mask, isMask: true))
    case .boxes(let boxes):
      bent.truth = .boxes(
        boxes.compactMap { box in
          box.bounded(
            by: box.frame.outline(8).map(field.moved), in: sample.size,
            leastVisible: Sample.leastVisible)
        })
    case .none, .label, .labels, .values: break
    }
    return bent
  }
}

/// Smooth displacements: the new picture at p shows the old one at p + d(p).
struct DisplacementField {
  private let size: Window.Size
  private let grid: Int
  /// The weights of the grid points for each column and row.
  private let across, down: [Float]
  private let dx, dy: [Float]

  init(_ size: Window.Size, grid: Int, _ draw: (Int) -> Double) {
    self.size = size
    self.grid = grid
    across = (0..<size.width).flatMap {
      DisplacementField.weights((Double($0) + 0.5) / Double(size.width), grid)
    }
    down = (0..<size.height).flatMap {
      DisplacementField.weights((Double($0) + 0.5) / Double(size.height), grid)
    }
    dx = (0..<grid * grid).map { Float(draw(2 * $0)) }
    dy = (0..<grid * grid).map { Float(draw(2 * $0 + 1)) }
  }

  /// Keys' cubic through points spread evenly from border to border; the last point is repeated
  /// beyond it.
  private static func weights(_ position: Double, _ grid: Int) -> [Float] {
    // NaN maps to a valid position too.
    let place = position > 0 ? min(position, 1) * Double(grid - 1) : 0
    let first = Int(place.rounded(.down))
    var weights = [Float](repeating: 0, count: grid)
    for tap in first - 1...first + 2 {
      let x = abs(place - Double(tap))
      let weight =
        x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0
      weights[min(max(tap, 0), grid - 1)] += Float(weight)
    }
    return weights
  }

  /// The source points of a row of the new picture.
  func row(
    _ line: Int, _ x: UnsafeMutableBufferPointer<Float>, _ y: UnsafeMutableBufferPointer<Float>
  ) {
    let weights = down[line * grid..<(line + 1) * grid]
    let (rowX, rowY) = combined(Array(weights))
    across.withUnsafeBufferPointer { across in
      for index in x.indices {
        var (moveX, moveY) = (Float(0), Float(0))
        for point in 0..<grid {
          moveX += across[index * grid + point] * rowX[point]
          moveY += across[index * grid + point] * rowY[point]
        }
        x[index] = Float(index) + 0.5 + moveX
        y[index] = Float(line) + 0.5 + moveY
      }
    }
  }

  private func combined(_ weights: [Float]) -> (x: [Float], y: [Float]) {
    var (x, y) = ([Float](repeating: 0, count: grid), [Float](repeating: 0, count: grid))
    for (line, weight) in weights.enumerated() {
      for point in 0..<grid {
        x[point] += weight * dx[line * grid + point]
        y[point] += weight * dy[line * grid + point]
      }
    }
    return (x, y)
  }

  private func displacement(_ point: SIMD2<Double>) -> SIMD2<Double> {
    func share(_ position: Double, _ side: Int) -> [Float] {
      DisplacementField.weights(position / Double(side), grid)
    }
    let (rowX, rowY) = combined(share(point.y, size.height))
    let weights = share(point.x, size.width)
    var move = SIMD2<Double>()
    for (index, weight) in weights.enumerated() {
      move += Double(weight) * SIMD2(Double(rowX[index]), Double(rowY[index]))
    }
    return move
  }

  /// The new position of a point of the old picture. The field maps the other way, so p + d(p) = q
  /// is solved by fixed-point iteration, which converges because the field is smooth.
  func moved(_ point: SIMD2<Double>) -> SIMD2<Double> {
    var place = point
    for _ in 0..<12 { place = point - displacement(place) }
    return place
  }
}

extension Frame {
  /// Points along the border, `count` on each side.
  func outline(_ count: Int) -> [SIMD2<Double>] {
    (0..<count).flatMap { step -> [SIMD2<Double>] in
      let t = Double(step) / Double(count)
      return [
        [x0 + t * width, y0], [x1, y0 + t * height], [x1 - t * width, y1], [x0, y1 - t * height],
      ]
    }
  }
}
