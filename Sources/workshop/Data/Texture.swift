import Glibc
import ModelZoo
import ZooKit

/// The background of a scene: two colours mixed as clouds, stripes, checks or dots.
struct Texture {
  private enum Pattern: CaseIterable { case clouds, stripes, checks, dots }

  private let random: Random
  private let pattern: Pattern
  private let colours: (SIMD3<Float>, SIMD3<Float>)

  init(_ random: Random) {
    self.random = random.key("texture")
    pattern = Pattern.allCases[self.random.below(Pattern.allCases.count, 0)]
    let hue = self.random.uniform(1)
    colours = (
      rgb(
        hue: hue, saturation: 0.5 * self.random.uniform(2),
        value: 0.15 + 0.5 * self.random.uniform(3)),
      rgb(
        hue: hue + 0.3 * self.random.uniform(4), saturation: 0.5 * self.random.uniform(5),
        value: 0.15 + 0.6 * self.random.uniform(6))
    )
  }

  /// The colour of every pixel of a square, row by row.
  func drawn(side: Int) -> [SIMD3<Float>] {
    let period = 6 + 20 * random.uniform(7)
    let angle = .pi * random.uniform(8)
    let (across, along) = (SIMD2(cosf(angle), sinf(angle)), SIMD2(-sinf(angle), cosf(angle)))
    let clouds = Clouds(random.key("clouds"))
    return (0..<side * side).map { pixel in
      let place = SIMD2(Float(pixel % side), Float(pixel / side))
      let (u, v) = ((place * across).sum() / period, (place * along).sum() / period)
      let share: Float =
        switch pattern {
        case .clouds: clouds(place / (2 * period))
        case .stripes: 0.5 + 0.5 * sinf(2 * .pi * u)
        case .checks: (Int(u.rounded(.down)) + Int(v.rounded(.down))) % 2 == 0 ? 0.1 : 0.9
        case .dots: hypotf(u - u.rounded(), v - v.rounded()) < 0.3 ? 0.9 : 0.15
        }
      let shade = 0.85 + 0.3 * clouds(place / 24)
      return (colours.0 + (colours.1 - colours.0) * share) * shade
    }
  }
}

/// Random numbers on a grid with smooth interpolation, plus two finer octaves of half the strength
/// each: value noise of three octaves.
private struct Clouds {
  let random: Random

  init(_ random: Random) { self.random = random }

  func callAsFunction(_ place: SIMD2<Float>) -> Float {
    var (sum, weight): (Float, Float) = (0, 4 / 7)
    for octave in 0..<3 {
      sum += weight * smooth(place * Float(1 << octave), random.key(octave))
      weight /= 2
    }
    return sum
  }

  private func smooth(_ place: SIMD2<Float>, _ random: Random) -> Float {
    let corner = place.rounded(.down)
    let part = place - corner
    let eased = part * part * (3 - 2 * part)
    func value(_ x: Float, _ y: Float) -> Float {
      random.uniform(Int(corner.x + x) &* 7919 &+ Int(corner.y + y))
    }
    let top = value(0, 0) + (value(1, 0) - value(0, 0)) * eased.x
    let bottom = value(0, 1) + (value(1, 1) - value(0, 1)) * eased.x
    return top + (bottom - top) * eased.y
  }
}

/// Red, green and blue from 0 to 1; a hue is a share of the circle.
func rgb(hue: Float, saturation: Float, value: Float) -> SIMD3<Float> {
  let offsets = SIMD3<Float>(5, 3, 1)
  var colour = SIMD3<Float>()
  for channel in 0..<3 {
    let k = fmodf(offsets[channel] + 6 * hue, 6)
    colour[channel] = value * (1 - saturation * max(0, min(k, 4 - k, 1)))
  }
  return colour
}
