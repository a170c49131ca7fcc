import Glibc
import ZooEngine
import ZooKit
import ZooVision

/// What every pixel of a picture shows.
public struct Segmentation: Sendable {
  /// The share of a picture that a class covers.
  public struct Area: Sendable {
    public let name: String
    /// The value of the class's pixels in the mask.
    public let index: Int
    public let fraction: Double
  }

  /// The class of each pixel, in one channel.
  public let mask: Picture
  /// Every class there is, by the values of the mask.
  public let areas: [Area]
  /// The value of what is none of the model's classes; nil where every pixel is one of them.
  public let background: Int?

  /// - Parameters:
  ///   - mask: the class of each pixel.
  ///   - classes: the names of its values.
  ///   - background: the value of what is no class.
  public init(mask: Picture, classes: [String], background: Int?) {
    var counts = [Int](repeating: 0, count: 256)
    mask.withPixels { for pixel in $0 { counts[Int(pixel)] += 1 } }
    self.mask = mask
    self.background = background
    areas = classes.indices.map {
      Area(
        name: classes[$0], index: $0,
        fraction: Double(counts[$0]) / Double(mask.width * mask.height))
    }
  }

  /// The colours that the mask is drawn in, by its values.
  public var palette: [Colour] { Colour.palette(of: areas.count, background: background) }

  /// The picture under the colours of its classes, and how much of it each of them covers.
  public func drawn(on picture: Picture) throws -> Picture {
    let shown = areas.filter { $0.index != background }
      .sorted { ($1.fraction, $0.index) < ($0.fraction, $1.index) }
    let palette = palette
    return try picture.overlaid(mask: mask, background: background).captioned(
      with: shown.map { Bar($0.name, share: $0.fraction, palette[$0.index]) })
  }
}

extension Model {
  /// The class of every pixel, for pictures of any size.
  ///
  /// ```swift
  /// let answer = try zoo.model("unet").segment(Picture(contentsOf: "slice.png"))
  /// answer.areas.last?.fraction
  /// try answer.mask.write(png: "mask.png", palette: answer.palette)
  /// ```
  public func segment(_ picture: Picture) throws -> Segmentation {
    try SemanticSegmenter(self).segment(picture)
  }
}

/// A model ready for one picture after another: what it compiles for a size it keeps for a while.
///
/// A picture is computed whole while that is no more than a tile; a larger one in tiles that
/// overlap, and where they do the surer middle of each tile counts. Nothing is resized that the
/// checkpoint does not ask to be resized; sides that the network cannot take are completed by
/// mirroring.
public final class SemanticSegmenter {
  private let model: Model
  private let engine: any Engine
  private let tiling: Tiling
  /// The side of a tile's map, at most.
  private let longest: Int
  private var plans: [(shape: Shape, plan: InferencePlan)] = []

  public convenience init(
    _ model: Model, engine: EngineChoice = .auto, precision: Precision = .fp32
  ) throws {
    try self.init(model, engine: engine, precision: precision, longest: 1024)
  }

  package init(_ model: Model, engine: EngineChoice, precision: Precision, longest: Int) throws {
    guard model.checkpoint.task == .segmentation else {
      throw ZooError.usage("\(model.name) is for \(model.checkpoint.task.rawValue)")
    }
    guard model.checkpoint.head != .none else {
      throw ZooError.usage("\(model.name) ends with its features and knows no classes")
    }
    let count = model.checkpoint.classes.count
    guard count <= 256 else {
      throw ZooError.usage("\(model.name) has \(count) classes, a mask's pixels tell 256 apart")
    }
    self.model = model
    self.longest = longest
    self.engine = try engine.engine(for: precision)
    tiling = (model.variant.architecture as? any Segmenter)?.tiling ?? Tiling()
  }

  /// One class alone is told from everything else, which is no class.
  private var isBinary: Bool { model.checkpoint.classes.count == 1 }

  /// The names of the mask's values.
  public var classes: [String] {
    (isBinary ? ["background"] : []) + model.checkpoint.classes
  }

  /// - Parameters:
  ///   - picture: of any size.
  ///   - threshold: how likely the only class of a network with one class must be.
  ///   - progress: told how many tiles are done, where there are several.
  public func segment(
    _ picture: Picture, threshold: Float = 0.5,
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> Segmentation {
    let preprocessing = model.checkpoint.preprocessing
    let placement = try preprocessing.placement(of: picture.size)
    let seen = try preprocessing.applied(to: picture)
    var mask = try Picture(width: picture.width, height: picture.height, channels: 1)
    let isWhole =
      placement.shown == Region(x: 0, y: 0, width: picture.width, height: picture.height)
      && placement.resized == picture.size
    if isWhole {
      try mask.withMutablePixels { pixels in
        let pixels = pixels
        try forEachBand(of: seen, progress) { band in
          Threads.split(band.rows.count, cost: 4 * band.width * band.channels) { rows in
            for row in rows {
              for column in 0..<band.width {
                pixels[(band.rows.lowerBound + row) * band.width + column] = decision(threshold) {
                  band.values[($0 * band.rows.count + row) * band.width + column]
                }
              }
            }
          }
        }
      }
    } else {
      try enlarge(seen, placement, into: &mask, threshold, progress)
    }
    let isNamed = !isBinary && model.checkpoint.classes[0].lowercased() == "background"
    return Segmentation(
      mask: mask, classes: classes, background: isBinary || isNamed ? 0 : nil)
  }

  /// The mask's value for a place whose probabilities are these.
  private func decision(_ threshold: Float, _ probability: (Int) -> Float) -> UInt8 {
    if isBinary { return probability(0) > threshold ? 1 : 0 }
    var (best, highest) = (0, probability(0))
    for index in 1..<model.checkpoint.classes.count {
      let value = probability(index)
      if value > highest { (best, highest) = (index, value) }
    }
    return UInt8(best)
  }

  /// What was seen in another size decides between its four nearest places; what was cut off is
  /// what the nearest border is.
  private func enlarge(
    _ seen: Picture, _ placement: Placement, into mask: inout Picture, _ threshold: Float,
    _ progress: (_ done: Int, _ of: Int) -> Void
  ) throws {
    let (width, height) = (seen.width, seen.height)
    let channels = model.checkpoint.classes.count
    let map = try Tensor([channels, height, width]) { map in
      try forEachBand(of: seen, progress) { band in
        let count = band.rows.count * width
        for channel in 0..<channels {
          let target = (channel * height + band.rows.lowerBound) * width
          for index in 0..<count { map[target + index] = band.values[channel * count + index] }
        }
      }
    }
    let size = mask.size
    func between(_ place: Double, _ count: Int) -> (Int, Int, Float) {
      let place = min(max(place - 0.5, 0), Double(count - 1))
      let first = Int(place)
      return (first, min(first + 1, count - 1), Float(place - Double(first)))
    }
    let columns = (0..<size.width).map {
      between(placement.inputCoordinates(x: Double($0) + 0.5, y: 0).x, width)
    }
    try mask.withMutablePixels { pixels in
      let pixels = pixels
      map.withValues { map in
        Threads.split(size.height, cost: 8 * size.width * channels) { rows in
          for y in rows {
            let (upper, lower, v) = between(
              placement.inputCoordinates(x: 0, y: Double(y) + 0.5).y, height)
            for (x, (left, right, u)) in columns.enumerated() {
              pixels[y * size.width + x] = decision(threshold) { channel in
                let top = (channel * height + upper) * width
                let bottom = (channel * height + lower) * width
                return (1 - v) * ((1 - u) * map[top + left] + u * map[top + right])
                  + v * ((1 - u) * map[bottom + left] + u * map[bottom + right])
              }
            }
          }
        }
      }
    }
  }
}

// MARK: Tiles

/// Rows whose probabilities are settled: channels × rows × width.
private struct Band {
  let rows: Range<Int>
  let width: Int
  let channels: Int
  let values: UnsafeBufferPointer<Float>
}

/// The tiles along one side, and how much each of their places counts.
private struct TileRow {
  /// Where the map of each begins.
  let starts: [Int]
  /// How long the maps are.
  let map: Int
  /// For each tile the share of each of its places; those of all tiles sum to 1.
  let shares: [[Float]]

  /// - Parameters:
  ///   - count: how long the side is.
  ///   - longest: how long a map may be.
  init(_ count: Int, _ tiling: Tiling, longest: Int) {
    let side = tiling.side(for: min(count, longest))
    let map = side - 2 * tiling.margin
    self.map = map
    guard count > map else {
      starts = [0]
      shares = [[Float](repeating: 1, count: map)]
      return
    }
    // What a tile's border disturbs is left to its neighbour as far as that is affordable, and the
    // rest is blended. Tiles lie on the grid of the coarsest map, so that all see the same places.
    let unsure = min(tiling.reach, map / 8)
    let blended = tiling.reach == 0 ? 0 : max(1, map / 16)
    let advance = max(1, (map - 2 * unsure - blended) / tiling.step) * tiling.step
    let last = (count - map + tiling.step - 1) / tiling.step * tiling.step
    let starts = Array(stride(from: 0, to: last, by: advance)) + [last]
    let weights = starts.map { start in
      (0..<map).map { place -> Float in
        let before = start == 0 ? .max : place
        let behind = start == last ? .max : map - 1 - place
        let inside = min(before, behind)
        guard blended > 0, inside < unsure + blended else { return 1 }
        return inside < unsure ? 0 : (Float(inside - unsure) + 0.5) / Float(blended)
      }
    }
    var sums = [Float](repeating: 0, count: last + map)
    for (start, weights) in zip(starts, weights) {
      for (place, weight) in weights.enumerated() { sums[start + place] += weight }
    }
    self.starts = starts
    shares = zip(starts, weights).map { start, weights in
      weights.enumerated().map { $1 / sums[start + $0] }
    }
  }
}

extension SemanticSegmenter {
  /// Computes the picture's map from the top down and hands it out as it is settled.
  private func forEachBand(
    of picture: Picture, _ progress: (_ done: Int, _ of: Int) -> Void,
    _ body: (Band) throws -> Void
  ) throws {
    // A picture that is long and thin has no more pixels than one that is neither.
    let isWhole = picture.width <= longest * longest / picture.height
    let limit = isWhole ? max(picture.width, picture.height) : longest
    let down = TileRow(picture.height, tiling, longest: limit)
    let across = TileRow(picture.width, tiling, longest: limit)
    let channels = model.checkpoint.classes.count
    let (width, height) = (picture.width, picture.height)
    var numbers = try model.checkpoint.preprocessing.settled(for: picture)
    (numbers.resize, numbers.crop, numbers.multiple) = (.none, nil, 1)
    numbers.interpolation = .nearest
    let input = Shape([
      model.checkpoint.input.channels, down.map + 2 * tiling.margin, across.map + 2 * tiling.margin,
    ])
    let plan = try plan(for: input, channels: channels, down.map, across.map)

    // The rows that tiles still add to.
    var band = try Tensor(zeros: [channels, down.map, width])
    for (line, top) in down.starts.enumerated() {
      for (column, left) in across.starts.enumerated() {
        let tile = try picture.mirrored(
          in: Region(
            x: left - tiling.margin, y: top - tiling.margin, width: input.width,
            height: input.height))
        let values = try plan.run([plan.inputs[0].name: numbers.tensor(from: [tile])])
        guard let logits = values["logits"] else {
          throw ZooError.failure("\(model.name) gives no logits")
        }
        try band.add(
          logits, at: left, shares: (down.shares[line], across.shares[column]), isBinary: isBinary)
        let tiles = down.starts.count * across.starts.count
        if tiles > 1 { progress(line * across.starts.count + column + 1, tiles) }
      }
      // What the next tiles do not reach is done.
      let next = line + 1 < down.starts.count ? down.starts[line + 1] : height
      let settled = min(next, height) - top
      try band.rows(0..<settled).withValues {
        try body(
          Band(rows: top..<top + settled, width: width, channels: channels, values: $0))
      }
      if line + 1 < down.starts.count { band = try band.rows(settled..<settled + down.map) }
    }
  }

  private func plan(for input: Shape, channels: Int, _ height: Int, _ width: Int) throws
    -> InferencePlan
  {
    if let known = plans.first(where: { $0.shape == input }) { return known.plan }
    let graph = try model.graph(for: input)
    guard let output = graph.outputs.first(where: { $0.name == "logits" }),
      graph.operations[output.operation].shape == [channels, height, width]
    else {
      throw ZooError.failure(
        "\(model.name) gives no map of \(channels)×\(height)×\(width) for a picture of \(input)")
    }
    let plan = try InferencePlan(graph, model.weights, batch: 1, engine: engine)
    // An arena for a tile is several hundred megabytes.
    if plans.count == 2 { plans.removeFirst() }
    plans.append((input, plan))
    return plan
  }
}

extension Tensor {
  /// Rows of a C×H×W map; those behind its end are zeros.
  fileprivate func rows(_ range: Range<Int>) throws -> Tensor {
    let (channels, height, width) = (shape[0], shape[1], shape[2])
    if range == 0..<height { return self }
    return try Tensor([channels, range.count, width]) { target in
      target.initialize(repeating: 0)
      withValues { source in
        for channel in 0..<channels {
          for (row, from) in range.clamped(to: 0..<height).enumerated() {
            for column in 0..<width {
              target[(channel * range.count + row) * width + column] =
                source[(channel * height + from) * width + column]
            }
          }
        }
      }
    }
  }

  /// Adds a tile's probabilities by their shares; what lies behind the last column is dropped.
  fileprivate mutating func add(
    _ logits: Tensor, at left: Int, shares: (down: [Float], across: [Float]), isBinary: Bool
  ) throws {
    let (channels, height, width) = (shape[0], shape[1], shape[2])
    let (tileWidth, plane) = (logits.shape[3], logits.shape[2] * logits.shape[3])
    let seen = min(tileWidth, width - left)
    try withMutableValues { sums in
      let sums = sums
      logits.withValues { logits in
        Threads.split(height, cost: 16 * seen * channels) { rows in
          var odds = [Float](repeating: 0, count: channels)
          for row in rows where shares.down[row] > 0 {
            for column in 0..<seen where shares.across[column] > 0 {
              let place = row * tileWidth + column
              let share = shares.down[row] * shares.across[column]
              let target = row * width + left + column
              if isBinary {
                sums[target] += share / (1 + exp(-logits[place]))
                continue
              }
              var peak = -Float.infinity
              for channel in 0..<channels { peak = max(peak, logits[channel * plane + place]) }
              var total: Float = 0
              for channel in 0..<channels {
                odds[channel] = exp(logits[channel * plane + place] - peak)
                total += odds[channel]
              }
              for channel in 0..<channels {
                sums[channel * height * width + target] += share * odds[channel] / total
              }
            }
          }
        }
      }
    }
  }
}
