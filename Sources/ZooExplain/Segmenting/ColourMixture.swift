import Glibc
import ZooKit

/// Gaussians over colours, as many as a region has tones.
struct ColourMixture {
  typealias Colour = SIMD3<Double>

  private struct Component {
    var share: Double
    let mean: Colour
    /// The inverse of the covariance: its diagonal, and xy, xz, yz.
    let diagonal, mixed: Colour
    let logScale: Double

    init?(_ colours: some Collection<Colour>, of count: Int) {
      guard !colours.isEmpty else { return nil }
      let size = Double(colours.count)
      share = size / Double(count)
      let mean = colours.reduce(Colour.zero, +) / size
      self.mean = mean
      var (own, cross) = (Colour.zero, Colour.zero)
      for colour in colours {
        let d = colour - mean
        own += d * d
        cross += Colour(d.x * d.y, d.x * d.z, d.y * d.z)
      }
      // A few levels of noise keep the covariance of a flat colour from being singular.
      own = own / size + Colour(repeating: 4)
      cross /= size
      let (a, b, c) = (own.x, own.y, own.z)
      let (d, e, f) = (cross.x, cross.y, cross.z)
      let determinant = a * (b * c - f * f) - d * (d * c - f * e) + e * (d * f - b * e)
      guard determinant > 0 else { return nil }
      diagonal = Colour(b * c - f * f, a * c - e * e, a * b - d * d) / determinant
      mixed = Colour(e * f - d * c, d * f - b * e, d * e - a * f) / determinant
      logScale = -0.5 * log(determinant) - 1.5 * log(2 * Double.pi)
    }

    func logDensity(_ colour: Colour) -> Double {
      let d = colour - mean
      let cross = Colour(d.x * d.y, d.x * d.z, d.y * d.z)
      return log(share) + logScale - 0.5 * (diagonal * d * d).sum() - (mixed * cross).sum()
    }
  }

  private var components: [Component]

  /// From the colours of a region, whose tones k-means finds.
  init(_ colours: [Colour], tones: Int, seed: UInt64) {
    var centres: [Colour] = []
    let random = Random(seed: seed).key("tones")
    // k-means++: the next centre is likely far from the others.
    var nearest = [Double](repeating: .infinity, count: colours.count)
    for tone in 0..<min(tones, colours.count) {
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
    let groups = Dictionary(grouping: colours, by: tone)
    components = groups.keys.sorted().compactMap {
      groups[$0].flatMap { Component($0, of: colours.count) }
    }
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
    let logs = components.map { $0.logDensity(colour) }
    let most = logs.max() ?? 0
    return -(most + log(logs.reduce(0) { $0 + exp($1 - most) }))
  }
}
