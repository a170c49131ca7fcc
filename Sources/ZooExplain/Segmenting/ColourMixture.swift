import Glibc
import ZooKit

/// Gaussians over colours, as many as a region has tones.
struct ColourMixture {
  typealias Colour = SIMD3<Double>

  private struct Component {
    let share: Double
    let mean: Colour
    /// The inverse of the covariance: its diagonal, and xy, xz, yz.
    let diagonal, mixed: Colour
    let logScale: Double

    init?(_ tone: Moments, of count: Int) {
      guard tone.count > 0 else { return nil }
      share = tone.count / Double(count)
      mean = tone.sum / tone.count
      let (x, y, z) = (mean.x, mean.y, mean.z)
      // A few levels of noise keep the covariance of a flat colour from being singular.
      let own = tone.squares / tone.count - mean * mean + Colour(repeating: 4)
      let cross = tone.products / tone.count - Colour(x * y, x * z, y * z)
      let (a, b, c) = (own.x, own.y, own.z)
      let (d, e, f) = (cross.x, cross.y, cross.z)
      let determinant = a * (b * c - f * f) - d * (d * c - f * e) + e * (d * f - b * e)
      guard determinant > 0 else { return nil }
      diagonal = Colour(b * c - f * f, a * c - e * e, a * b - d * d) / determinant
      mixed = Colour(e * f - d * c, d * f - b * e, d * e - a * f) / determinant
      logScale = log(share) - 0.5 * log(determinant) - 1.5 * log(2 * Double.pi)
    }

    func logDensity(_ colour: Colour) -> Double {
      let d = colour - mean
      let cross = Colour(d.x * d.y, d.x * d.z, d.y * d.z)
      return logScale - 0.5 * (diagonal * d * d).sum() - (mixed * cross).sum()
    }
  }

  /// The sums that mean and covariance follow from.
  private struct Moments {
    var count = 0.0
    var (sum, squares, products) = (Colour.zero, Colour.zero, Colour.zero)

    mutating func add(_ c: Colour) {
      count += 1
      sum += c
      squares += c * c
      products += Colour(c.x * c.y, c.x * c.z, c.y * c.z)
    }
  }

  private var components: [Component]

  /// From the colours of a region, whose tones k-means finds.
  init(_ colours: [Colour], tones: Int, seed: UInt64) {
    var centres: [Colour] = []
    let random = Random(seed: seed).key("tones")
    // k-means++: the next centre is likely far from the others.
    var nearest = [Double](repeating: .infinity, count: colours.count)
    for tone in 0..<min(tones, Self.most, colours.count) {
      var index = random.below(colours.count, tone)
      if tone > 0 {
        var rest = Double(random.uniform(tones + tone)) * nearest.reduce(0, +)
        index =
          nearest.firstIndex {
            rest -= $0; return rest < 0
          } ?? index
      }
      let centre = colours[index]
      centres.append(centre)
      for (place, colour) in colours.enumerated() {
        let d = colour - centre
        nearest[place] = min(nearest[place], (d * d).sum())
      }
    }
    for _ in 0..<8 {
      var (sums, counts) = (
        [Colour](repeating: .zero, count: centres.count),
        [Double](repeating: 0, count: centres.count)
      )
      for colour in colours {
        let own = Self.nearest(colour, centres)
        sums[own] += colour
        counts[own] += 1
      }
      for tone in centres.indices where counts[tone] > 0 {
        centres[tone] = sums[tone] / counts[tone]
      }
    }
    components = []
    learn(colours) { Self.nearest($0, centres) }
  }

  private static func nearest(_ colour: Colour, _ centres: [Colour]) -> Int {
    var (best, least) = (0, Double.infinity)
    for (index, centre) in centres.enumerated() {
      let d = colour - centre
      let square = (d * d).sum()
      if square < least { (best, least) = (index, square) }
    }
    return best
  }

  private mutating func learn(_ colours: [Colour], _ tone: (Colour) -> Int) {
    var tones = [Moments](repeating: .init(), count: Self.most)
    for colour in colours { tones[tone(colour)].add(colour) }
    components = tones.compactMap { Component($0, of: colours.count) }
  }

  /// Each colour belongs to its likeliest component.
  mutating func learn(_ colours: [Colour]) {
    let old = components
    learn(colours) { colour in
      var (best, most) = (0, -Double.infinity)
      for (index, component) in old.enumerated() {
        let density = component.logDensity(colour)
        if density > most { (best, most) = (index, density) }
      }
      return best
    }
  }

  /// Minus the logarithm of the density.
  func cost(of colour: Colour) -> Double {
    var logs = SIMD8<Double>(repeating: -.infinity)
    for (index, component) in components.enumerated() { logs[index] = component.logDensity(colour) }
    let most = logs.max()
    guard most.isFinite else { return 1e6 }
    var sum = 0.0
    for index in components.indices { sum += exp(logs[index] - most) }
    return -(most + log(sum))
  }

  /// As many tones as are allowed.
  static let most = 8
}
