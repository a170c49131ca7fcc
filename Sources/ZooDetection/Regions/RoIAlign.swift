import ZooKit

/// Samples a region to a map of fixed size without rounding its corners (He et al. 2017,
/// arXiv:1703.06870, section 3): each position is the mean of `sampling`² bilinear samples.
///
/// The inputs are the maps of a pyramid, followed by the regions; a ``LevelMapper`` chooses the
/// map. Equal to torchvision's `MultiScaleRoIAlign`, which keeps the half-pixel shift of the first
/// version.
public struct RoIAlign: Layer {
  public var size: Window.Size
  public var sampling: Int
  /// The size of each map over the input's.
  public var scales: [Float]
  /// Shifts the samples by the half pixel that the first version omitted.
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
  public var dependsOnMode: Bool { false }

  public func output(_ inputs: [Shape]) throws -> Shape {
    let map = try checkRegions(inputs, levels: scales.count)
    guard 1...64 ~= sampling, 1...1024 ~= size.height, 1...1024 ~= size.width else {
      throw ZooError.failure(
        "\(sampling)² samples for each of \(size.height)×\(size.width) places")
    }
    return [map.channels, size.height, size.width]
  }

  // Both passes work on one axis at a time: all input rows of an output row are combined into one,
  // over the columns that the region spans, and its positions are read from that.

  public func forward(_ pass: Pass) {
    let (regions, y) = (pass.inputs[scales.count], pass.output)
    let (channels, places) = (y.shape.channels, size.height * size.width)
    Threads.split(y.batch, cost: channels * places * sampling * 8) { range in
      var row: [Float] = []
      for index in range {
        let window = window(of: regions[index], pass.inputs)
        let plane = window.map.shape.height * window.map.shape.width
        if row.count < window.width { row = Array(repeating: 0, count: window.width) }
        row.withUnsafeMutableBufferPointer { row in
          guard let row = row.baseAddress else { return }
          for channel in 0..<channels {
            let source = window.map[window.picture] + channel * plane
            var target = y[index] + channel * places
            for place in 0..<size.height {
              window.gather(source, place, sampling, into: row)
              for place in 0..<size.width {
                var sum: Float = 0
                for sample in window.columns[place * sampling..<(place + 1) * sampling] {
                  sum += sample.near * row[sample.first] + sample.far * row[sample.second]
                }
                target.pointee = sum * window.share
                target += 1
              }
            }
          }
        }
      }
    }
  }

  /// Only the maps get a gradient; a region is a constant.
  public func backward(_ pass: Pass, _ gradients: Gradients) {
    let (regions, dy) = (pass.inputs[scales.count], gradients.output)
    let (channels, places) = (dy.shape.channels, size.height * size.width)
    // Regions overlap, channels do not.
    Threads.split(channels, cost: dy.batch * places * sampling * 8) { range in
      var row: [Float] = []
      for index in 0..<dy.batch {
        let window = window(of: regions[index], pass.inputs)
        guard let dx = gradients.inputs[window.level] else { continue }
        let plane = window.map.shape.height * window.map.shape.width
        if row.count < window.width { row = Array(repeating: 0, count: window.width) }
        row.withUnsafeMutableBufferPointer { row in
          guard let base = row.baseAddress else { return }
          for channel in range {
            let target = dx[window.picture] + channel * plane
            var slope = dy[index] + channel * places
            for place in 0..<size.height {
              row.update(repeating: 0)
              for place in 0..<size.width {
                for sample in window.columns[place * sampling..<(place + 1) * sampling] {
                  base[sample.first] += slope.pointee * window.share * sample.near
                  base[sample.second] += slope.pointee * window.share * sample.far
                }
                slope += 1
              }
              window.spread(base, place, sampling, over: target)
            }
          }
        }
      }
    }
  }

  /// The position of a region and its samples in the map.
  private func window(of numbers: UnsafePointer<Float>, _ inputs: [TensorView]) -> SampledWindow {
    let box = Box(numbers[1], numbers[2], numbers[3], numbers[4])
    let level = scales.count == 1 ? 0 : mapper(box, scales: scales)
    let (map, scale) = (inputs[level], scales[level])
    let shift: Float = aligned ? 0.5 : 0
    let (left, top) = (box.x0 * scale - shift, box.y0 * scale - shift)
    var width = box.x1 * scale - shift - left
    var height = box.y1 * scale - shift - top
    if !aligned { (width, height) = (max(width, 1), max(height, 1)) }
    return SampledWindow(
      map: map, level: level, picture: Region(numbers, pictures: map.batch).picture,
      rows: samples(top, height / Float(size.height), size.height, within: map.shape.height),
      columns: samples(left, width / Float(size.width), size.width, within: map.shape.width),
      share: 1 / Float(sampling * sampling))
  }

  /// For each sample along one axis: the two neighbours and their weights; outside of the map both
  /// weights are zero.
  private func samples(_ start: Float, _ bin: Float, _ bins: Int, within limit: Int) -> [Sample] {
    (0..<bins * sampling).map { index in
      let (place, step) = index.quotientAndRemainder(dividingBy: sampling)
      let at = start + Float(place) * bin + (Float(step) + 0.5) * bin / Float(sampling)
      // Written so that NaN is outside.
      guard at >= -1, at <= Float(limit) else { return Sample() }
      let position = max(at, 0)
      let first = min(Int(position), limit - 1)
      if first == limit - 1 { return Sample(first: first, second: first, near: 1) }
      let rest = position - Float(first)
      return Sample(first: first, second: first + 1, near: 1 - rest, far: rest)
    }
  }
}

private struct Sample {
  var first = 0
  var second = 0
  var near: Float = 0
  var far: Float = 0

  var counts: Bool { near > 0 || far > 0 }
}

private struct SampledWindow {
  let map: TensorView
  let level, picture: Int
  let rows: [Sample]
  /// Counted from `left`.
  let columns: [Sample]
  /// The first column of the map that is read, and the number of columns.
  let left, width: Int
  /// The weight of each sample in its position.
  let share: Float

  init(
    map: TensorView, level: Int, picture: Int, rows: [Sample], columns: [Sample], share: Float
  ) {
    let read = columns.filter(\.counts)
    let left = read.map(\.first).min() ?? 0
    (self.map, self.level, self.picture, self.rows) = (map, level, picture, rows)
    (self.left, self.share) = (left, share)
    width = (read.map(\.second).max() ?? left) - left + 1
    self.columns = columns.map { sample in
      guard sample.counts else { return sample }
      return Sample(
        first: sample.first - left, second: sample.second - left, near: sample.near,
        far: sample.far)
    }
  }

  /// Combines the input rows of an output row into one row.
  func gather(
    _ source: UnsafePointer<Float>, _ place: Int, _ sampling: Int,
    into row: UnsafeMutablePointer<Float>
  ) {
    row.update(repeating: 0, count: width)
    for sample in rows[place * sampling..<(place + 1) * sampling] where sample.counts {
      let upper = source + sample.first * map.shape.width + left
      let lower = source + sample.second * map.shape.width + left
      let (near, far) = (sample.near, sample.far)
      for column in 0..<width { row[column] += near * upper[column] + far * lower[column] }
    }
  }

  /// The backward of `gather`.
  func spread(
    _ row: UnsafePointer<Float>, _ place: Int, _ sampling: Int,
    over target: UnsafeMutablePointer<Float>
  ) {
    for sample in rows[place * sampling..<(place + 1) * sampling] where sample.counts {
      let upper = target + sample.first * map.shape.width + left
      let lower = target + sample.second * map.shape.width + left
      for column in 0..<width { upper[column] += sample.near * row[column] }
      for column in 0..<width { lower[column] += sample.far * row[column] }
    }
  }
}
