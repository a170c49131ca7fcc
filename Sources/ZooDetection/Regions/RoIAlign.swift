import ZooKit

/// What a region shows, sampled to a map of fixed size without rounding its corners (He et al. 2017,
/// arXiv:1703.06870, section 3): each place is the mean of `sampling`² bilinear samples.
///
/// It takes the maps of a pyramid and the regions behind them; a ``LevelMapper`` chooses the map.
/// torchvision's `MultiScaleRoIAlign`, which keeps the half-pixel shift of the first version.
public struct RoIAlign: Layer {
  public var size: Window.Size
  public var sampling: Int
  /// Of each map, its size over the input's.
  public var scales: [Float]
  /// Shifts the samples by the half pixel that the first version forgot.
  public var aligned: Bool
  public var mapper = LevelMapper()

  public init(to size: Window.Size, sampling: Int = 2, scales: [Float], aligned: Bool = false) {
    self.size = size
    self.sampling = sampling
    self.scales = scales
    self.aligned = aligned
  }

  public var kind: String { "roialign" }
  public var needs: Needs { .inputs }

  public func output(_ inputs: [Shape]) throws -> Shape {
    let map = try checkRegions(inputs, levels: scales.count)
    guard 1...64 ~= sampling, 1...1024 ~= size.height, 1...1024 ~= size.width else {
      throw ZooError.failure(
        "\(sampling)² samples for each of \(size.height)×\(size.width) places")
    }
    return [map.channels, size.height, size.width]
  }

  public func forward(_ pass: Pass) {
    let (regions, y) = (pass.inputs[scales.count], pass.output)
    let (channels, places) = (y.shape.channels, size.height * size.width)
    Threads.split(y.batch, cost: channels * places * sampling * sampling * 8) { range in
      var taps = Taps(capacity: places * sampling * sampling)
      for index in range {
        let (map, base) = fill(&taps, regions[index], pass.inputs)
        let plane = map.shape.height * map.shape.width
        taps.withUnsafe { taps in
          for channel in 0..<channels {
            let source = base + channel * plane
            var target = y[index] + channel * places
            for place in 0..<places {
              var sum: Float = 0
              for sample in place * taps.each..<(place + 1) * taps.each {
                let (offset, weight) = (taps.offsets[sample], taps.weights[sample])
                sum +=
                  weight.x * source[Int(offset.x)] + weight.y * source[Int(offset.y)]
                  + weight.z * source[Int(offset.z)] + weight.w * source[Int(offset.w)]
              }
              target.pointee = sum / Float(taps.each)
              target += 1
            }
          }
        }
      }
    }
  }

  /// Back to the maps; a region is a decision and has no gradient.
  public func backward(_ pass: Pass, _ gradients: Gradients) {
    let (regions, dy) = (pass.inputs[scales.count], gradients.output)
    let (channels, places) = (dy.shape.channels, size.height * size.width)
    // Regions overlap, channels do not.
    Threads.split(channels, cost: dy.batch * places * sampling * sampling * 8) { range in
      var taps = Taps(capacity: places * sampling * sampling)
      for index in 0..<dy.batch {
        let level = level(of: regions[index])
        guard let dx = gradients.inputs[level] else { continue }
        let (map, _) = fill(&taps, regions[index], pass.inputs)
        let plane = map.shape.height * map.shape.width
        let base = dx[Region(regions[index], pictures: map.batch).picture]
        taps.withUnsafe { taps in
          for channel in range {
            let target = base + channel * plane
            let source = dy[index] + channel * places
            for place in 0..<places {
              let slope = source[place] / Float(taps.each)
              for sample in place * taps.each..<(place + 1) * taps.each {
                let (offset, weight) = (taps.offsets[sample], taps.weights[sample] * slope)
                target[Int(offset.x)] += weight.x
                target[Int(offset.y)] += weight.y
                target[Int(offset.z)] += weight.z
                target[Int(offset.w)] += weight.w
              }
            }
          }
        }
      }
    }
  }

  private func level(of numbers: UnsafePointer<Float>) -> Int {
    scales.count == 1
      ? 0 : mapper(Box(numbers[1], numbers[2], numbers[3], numbers[4]), scales: scales)
  }

  /// Where a region's samples lie; returns its map and that of its picture.
  private func fill(
    _ taps: inout Taps, _ numbers: UnsafePointer<Float>, _ inputs: [TensorView]
  ) -> (map: TensorView, base: UnsafeMutablePointer<Float>) {
    let level = level(of: numbers)
    let (map, scale) = (inputs[level], scales[level])
    let region = Region(numbers, pictures: map.batch)
    let shift: Float = aligned ? 0.5 : 0
    let (left, top) = (region.box.x0 * scale - shift, region.box.y0 * scale - shift)
    var width = region.box.x1 * scale - shift - left
    var height = region.box.y1 * scale - shift - top
    if !aligned { (width, height) = (max(width, 1), max(height, 1)) }
    taps.fill(
      rows: samples(top, height / Float(size.height), size.height, within: map.shape.height),
      columns: samples(left, width / Float(size.width), size.width, within: map.shape.width),
      sampling: sampling, stride: map.shape.width)
    return (map, map[region.picture])
  }

  /// Along one axis: the two neighbours of each sample and the weight of the second; outside of the
  /// map neither counts.
  private func samples(_ start: Float, _ bin: Float, _ bins: Int, within limit: Int) -> [Sample] {
    (0..<bins * sampling).map { index in
      let (place, step) = index.quotientAndRemainder(dividingBy: sampling)
      let at =
        start + Float(place) * bin + (Float(step) + 0.5) * bin / Float(sampling)
      // Written so that what is not a number is outside.
      guard at >= -1, at <= Float(limit) else { return Sample(first: 0, second: 0) }
      let position = max(at, 0)
      let first = min(Int(position), limit - 1)
      if first == limit - 1 { return Sample(first: first, second: first, near: 1) }
      let rest = position - Float(first)
      return Sample(first: first, second: first + 1, near: 1 - rest, far: rest)
    }
  }
}

private struct Sample {
  let first, second: Int
  var near: Float = 0
  var far: Float = 0
}

/// All samples of a region: four offsets into a plane and their weights.
private struct Taps {
  struct Pointers {
    let offsets: UnsafePointer<SIMD4<Int32>>
    let weights: UnsafePointer<SIMD4<Float>>
    /// Samples for each place.
    let each: Int
  }

  private var offsets: [SIMD4<Int32>]
  private var weights: [SIMD4<Float>]
  private var each = 1

  init(capacity: Int) {
    offsets = Array(repeating: .zero, count: capacity)
    weights = Array(repeating: .zero, count: capacity)
  }

  mutating func fill(rows: [Sample], columns: [Sample], sampling: Int, stride: Int) {
    each = sampling * sampling
    var next = 0
    for row in Swift.stride(from: 0, to: rows.count, by: sampling) {
      for column in Swift.stride(from: 0, to: columns.count, by: sampling) {
        for y in rows[row..<row + sampling] {
          for x in columns[column..<column + sampling] {
            let (upper, lower) = (y.first * stride, y.second * stride)
            offsets[next] = SIMD4(
              Int32(truncatingIfNeeded: upper + x.first),
              Int32(truncatingIfNeeded: upper + x.second),
              Int32(truncatingIfNeeded: lower + x.first),
              Int32(truncatingIfNeeded: lower + x.second))
            weights[next] = SIMD4(y.near * x.near, y.near * x.far, y.far * x.near, y.far * x.far)
            next += 1
          }
        }
      }
    }
  }

  func withUnsafe(_ body: (Pointers) -> Void) {
    offsets.withUnsafeBufferPointer { offsets in
      weights.withUnsafeBufferPointer { weights in
        guard let offsets = offsets.baseAddress, let weights = weights.baseAddress else { return }
        body(Pointers(offsets: offsets, weights: weights, each: each))
      }
    }
  }
}
