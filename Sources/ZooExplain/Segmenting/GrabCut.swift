import Glibc
import ZooKit
import ZooVision

/// Cuts an object out of a picture, of which a map of explanation shows a part: the pixels with the
/// highest values belong to it, those with the lowest to the background, and Gaussian mixtures of their
/// colours with the cheapest cut decide the rest (Rother, Kolmogorov and Blake 2004; seeded as by
/// Simonyan, Vedaldi and Zisserman, arXiv:1312.6034, section 3.2).
public struct GrabCut: Sendable {
  /// The shares of the pixels with the highest and the lowest values that are seeds.
  public var object = 0.05
  public var background = 0.3
  /// The tones of each side.
  public var tones = 5
  public var iterations = 5
  /// How much likelier the colours of a seed of the background must be the object's, as a logarithm,
  /// for it to become part of it.
  public var doubt = 3.0
  /// How much it costs to cut between two equal pixels.
  public var smoothness = 50.0

  public init() {}

  /// Whether each pixel belongs to the object.
  /// - Parameters:
  ///   - picture: of a size at which one value of the map is a pixel.
  ///   - map: the values of the pixels, row by row; nil where nothing is known.
  public func mask(of picture: Picture, seededBy map: [Float?]) throws -> [Bool] {
    let (width, height) = (picture.width, picture.height)
    let known = map.compactMap(\.self).filter(\.isFinite).sorted()
    guard map.count == width * height, let least = known.first, let most = known.last, least < most
    else {
      throw ZooError.corrupt(
        "the map is the same everywhere, so it shows no object to cut out of the picture")
    }
    func quantile(_ share: Double) -> Float { known[Int(Double(known.count - 1) * share)] }
    // A map that is zero almost everywhere has no lowest third: all of it is background.
    let (high, low) = (quantile(1 - object), quantile(background))
    let seeds = map.map { value -> Bool? in
      guard let value, value.isFinite else { return nil }
      return value >= high && value > least ? true : value <= low ? false : nil
    }
    let colours = try picture.rgb.withPixels { pixels in
      (0..<width * height).map {
        SIMD3(Double(pixels[3 * $0]), Double(pixels[3 * $0 + 1]), Double(pixels[3 * $0 + 2]))
      }
    }
    let arcs = Self.arcs(colours, width, height, smoothness)
    var sides = [true, false].map { side in
      ColourMixture(
        colours.indices.filter { seeds[$0] == side }.map { colours[$0] },
        tones: tones, seed: side ? 1 : 2)
    }
    var mask = seeds.map { $0 == true }
    for _ in 0..<iterations {
      var cut = GridCut(width: width, height: height)
      for (pixel, colour) in colours.enumerated() {
        if seeds[pixel] == true {
          cut.join(pixel, toSource: Self.bound, toSink: 0)
        } else {
          // A seed of the background may lie on a part of the object that the map misses.
          let doubt = seeds[pixel] == false ? self.doubt : 0
          let difference = sides[1].cost(of: colour) - sides[0].cost(of: colour) - doubt
          cut.join(pixel, toSource: Self.cost(difference), toSink: 0)
        }
      }
      for arc in arcs { cut.join(arc.pixel, arc.way, by: arc.cost) }
      let found = cut.solved()
      if found == mask { break }
      mask = found
      for (index, side) in [true, false].enumerated() {
        sides[index].learn(colours.indices.filter { mask[$0] == side }.map { colours[$0] })
      }
    }
    return mask
  }

  /// Costs are whole numbers, so that the cut ends.
  private static func cost(_ value: Double) -> Int {
    Int((min(max(value, -1e6), 1e6) * 1000).rounded())
  }
  private static let bound = 1 << 40

  /// Between neighbours; a cut along an edge of the picture costs less.
  private static func arcs(
    _ colours: [SIMD3<Double>], _ width: Int, _ height: Int, _ smoothness: Double
  ) -> [(pixel: Int, way: GridCut.Direction, cost: Int)] {
    let ways: [GridCut.Direction] = [.right, .down, .downRight, .downLeft]
    var pairs: [(pixel: Int, way: GridCut.Direction, square: Double)] = []
    pairs.reserveCapacity(4 * width * height)
    for y in 0..<height {
      for x in 0..<width {
        for way in ways {
          let (right, below) = (x + way.step.x, y + way.step.y)
          guard 0..<width ~= right, below < height else { continue }
          let d = colours[y * width + x] - colours[below * width + right]
          pairs.append((y * width + x, way, (d * d).sum()))
        }
      }
    }
    let mean = pairs.reduce(0) { $0 + $1.square } / Double(max(1, pairs.count))
    let beta = mean > 0 ? 1 / (2 * mean) : 0
    return pairs.map { pair in
      let length = pair.way == .right || pair.way == .down ? 1 : 2.0.squareRoot()
      return (pair.pixel, pair.way, cost(smoothness / length * exp(-beta * pair.square)))
    }
  }
}
