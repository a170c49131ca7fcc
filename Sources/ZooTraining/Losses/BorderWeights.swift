import Glibc
import ZooKit

/// Pixel weights that keep neighbouring cells apart: U-Net's weights (Ronneberger et al.,
/// arXiv:1505.04597, equation 2),
///
/// w(x) = w_c(x) + w₀ · exp(−(d₁(x) + d₂(x))² / 2σ²)
///
/// d₁ and d₂ are the distances to the nearest cell and to the second nearest, so background in the
/// gaps between cells weighs most. Cells are 4-connected pixels of one class, so a diagonal line
/// separates them. w_c gives every class of a mask the same total weight.
///
/// ```swift
/// let weights = try BorderWeights()(classes, width: 512, height: 512)
/// let (value, gradient) = try CrossEntropy()(logits, .weighted(classes, weights))
/// ```
public struct BorderWeights: Hashable, Sendable {
  public var w0: Double
  /// In pixels.
  public var sigma: Double
  /// The class between cells.
  public var background: Int32
  /// Whether w_c is n / (C · n_c), for a class with n_c of the mask's n pixels; else it is 1.
  public var balances: Bool

  public init(w0: Double = 10, sigma: Double = 5, background: Int32 = 0, balances: Bool = true) {
    self.w0 = w0
    self.sigma = sigma
    self.background = background
    self.balances = balances
  }

  /// - Parameters:
  ///   - classes: the class of each pixel, row by row; negative if unknown. May contain several
  ///     masks of this size, one after another.
  ///   - width: the width of a mask.
  ///   - height: the height of a mask.
  public func callAsFunction(_ classes: [Int32], width: Int, height: Int) throws -> [Float] {
    let (area, overflow) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !overflow, classes.count % area == 0, sigma > 0, w0 >= 0 else {
      throw ZooError.failure(
        "\(classes.count) classes are not masks of \(width)×\(height), or σ is \(sigma)")
    }
    var weights: [Float] = []
    weights.reserveCapacity(classes.count)
    for start in stride(from: 0, to: classes.count, by: area) {
      weights += self.weights(of: Array(classes[start..<start + area]), width, height)
    }
    return weights
  }

  private func weights(of classes: [Int32], _ width: Int, _ height: Int) -> [Float] {
    var counts: [Int32: Int] = [:]
    for index in classes where index >= 0 { counts[index, default: 0] += 1 }
    let known = Double(counts.values.reduce(0, +))
    let share = counts.mapValues { balances ? known / Double(counts.count * $0) : 1 }

    // Beyond this distance the second term vanishes in float32.
    let reach = sigma * (2 * max(1, log(max(1, w0) * 0x1p24))).squareRoot()
    var nearest = [Double](repeating: .infinity, count: classes.count)
    var second = nearest
    for cell in cells(of: classes, width, height) {
      cell.forEachDistance(within: Int(reach.rounded(.up)), width, height) { index, distance in
        if distance < nearest[index] {
          (nearest[index], second[index]) = (distance, nearest[index])
        } else if distance < second[index] {
          second[index] = distance
        }
      }
    }
    return classes.indices.map { index in
      guard let own = share[classes[index]] else { return 0 }
      guard classes[index] == background, second[index] < .infinity else { return Float(own) }
      let sum = nearest[index] + second[index]
      return Float(own + w0 * exp(-sum * sum / (2 * sigma * sigma)))
    }
  }

  /// Connected components of one class, with 4-connectivity.
  private func cells(of classes: [Int32], _ width: Int, _ height: Int) -> [Cell] {
    var cells: [Cell] = []
    var isTaken = classes.map { $0 < 0 || $0 == background }
    for start in classes.indices where !isTaken[start] {
      var cell = Cell(pixels: [start], columns: start % width...start % width)
      isTaken[start] = true
      var next = 0
      while next < cell.pixels.count {
        let pixel = cell.pixels[next]
        let (y, x) = pixel.quotientAndRemainder(dividingBy: width)
        cell.columns = min(cell.columns.lowerBound, x)...max(cell.columns.upperBound, x)
        cell.rows = min(cell.rows?.lowerBound ?? y, y)...max(cell.rows?.upperBound ?? y, y)
        for (isThere, neighbour) in [
          (x > 0, pixel - 1), (x + 1 < width, pixel + 1), (y > 0, pixel - width),
          (y + 1 < height, pixel + width),
        ] where isThere && !isTaken[neighbour] && classes[neighbour] == classes[start] {
          isTaken[neighbour] = true
          cell.pixels.append(neighbour)
        }
        next += 1
      }
      cells.append(cell)
    }
    return cells
  }

  private struct Cell {
    var pixels: [Int]
    var columns: ClosedRange<Int>
    var rows: ClosedRange<Int>?

    /// The exact distance from each pixel in reach to the cell: the nearest cell pixel in each
    /// column, then along rows the lower envelope of parabolas (Felzenszwalb and Huttenlocher
    /// 2012).
    func forEachDistance(
      within reach: Int, _ width: Int, _ height: Int, _ body: (Int, Double) -> Void
    ) {
      let rows = rows ?? 0...0
      let (left, right) = (
        max(0, columns.lowerBound - reach), min(width - 1, columns.upperBound + reach)
      )
      let (top, bottom) = (
        max(0, rows.lowerBound - reach), min(height - 1, rows.upperBound + reach)
      )
      let (w, h) = (right - left + 1, bottom - top + 1)
      var down = [Int](repeating: w + h, count: w * h)
      for pixel in pixels { down[(pixel / width - top) * w + pixel % width - left] = 0 }
      for index in w..<max(w, w * h) { down[index] = min(down[index], down[index - w] + 1) }
      for index in (0..<max(0, w * h - w)).reversed() {
        down[index] = min(down[index], down[index + w] + 1)
      }
      // The parabolas of the envelope, and the position from which each is the lowest.
      var centres = [Int](repeating: 0, count: w)
      var bounds = [Double](repeating: 0, count: w)
      for row in 0..<h {
        let squares = down[row * w..<(row + 1) * w].map { Double($0 * $0) }
        var last = 0
        (centres[0], bounds[0]) = (0, -.infinity)
        for x in 1..<max(1, w) {
          func meeting(_ centre: Int) -> Double {
            (squares[x] - squares[centre] + Double(x * x - centre * centre))
              / Double(2 * (x - centre))
          }
          while meeting(centres[last]) <= bounds[last] { last -= 1 }
          let bound = meeting(centres[last])
          last += 1
          (centres[last], bounds[last]) = (x, bound)
        }
        var place = 0
        for x in 0..<w {
          while place < last, bounds[place + 1] < Double(x) { place += 1 }
          let dx = Double(x - centres[place])
          body(
            (top + row) * width + left + x, (dx * dx + squares[centres[place]]).squareRoot())
        }
      }
    }
  }
}
