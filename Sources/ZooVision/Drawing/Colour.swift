import Glibc

/// A colour in sRGB with its opacity.
public struct Colour: Hashable, Sendable {
  public var red, green, blue: UInt8
  public var alpha: Double

  public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8, alpha: Double = 1) {
    (self.red, self.green, self.blue) = (red, green, blue)
    self.alpha = alpha.isNaN ? 0 : min(max(alpha, 0), 1)
  }

  public static let black = Colour(0, 0, 0)
  public static let white = Colour(255, 255, 255)

  public func with(alpha: Double) -> Colour { Colour(red, green, blue, alpha: alpha) }

  /// A colour for a class: always the same for the same index, and unlike its neighbours'.
  ///
  /// The hues are in Oklab (Ottosson 2020), where equal steps look equal, and a golden angle apart:
  /// no two coincide, and the first n are well spread for every n. Three lightnesses alternate,
  /// because hues alone are not enough for more than a dozen.
  public init(ofClass index: Int) {
    let turn = 0.08 + 0.618033988749895 * Double(index)
    let hue = 2 * Double.pi * (turn - turn.rounded(.down))
    let lightness = [0.68, 0.80, 0.56][((index % 3) + 3) % 3]
    // The strongest colour of this hue and lightness that a screen can show.
    var chroma = 0.20
    while chroma > 0.02, !Colour.linear(lightness, chroma, hue).allSatisfy((0...1).contains) {
      chroma -= 0.005
    }
    let levels = Colour.linear(lightness, chroma, hue).map { value -> UInt8 in
      let level =
        value <= 0.0031308 ? 12.92 * max(value, 0) : 1.055 * pow(value, 1 / 2.4) - 0.055
      return UInt8(min(max(level, 0), 1) * 255 + 0.5)
    }
    self.init(levels[0], levels[1], levels[2])
  }

  /// Oklab to linear light.
  private static func linear(_ lightness: Double, _ chroma: Double, _ hue: Double) -> [Double] {
    let (a, b) = (chroma * cos(hue), chroma * sin(hue))
    let l = pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3)
    let m = pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3)
    let s = pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3)
    return [
      4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
      -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
      -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s,
    ]
  }

  /// Relative luminance by WCAG 2.
  var luminance: Double {
    func light(_ level: UInt8) -> Double {
      let value = Double(level) / 255
      return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * light(red) + 0.7152 * light(green) + 0.0722 * light(blue)
  }

  /// Black or white, whichever has more contrast: at least 4.5 to 1.
  public var readable: Colour { luminance > 0.179 ? .black : .white }
}
