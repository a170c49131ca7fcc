import Glibc
import ZooKit
import ZooVision

/// Colour changes, equal to those of PIL and torchvision's PIL backend to the bit.
extension Picture {
  /// From black (0) to the original (1) and brighter.
  public func brightened(by factor: Float) throws -> Picture {
    try mapped { blend(0, $0, factor) }
  }

  /// From uniform grey, the picture's mean, (0) to the original (1) and more contrast.
  public func contrasted(by factor: Float) throws -> Picture {
    let sum = try grey.withPixels { $0.reduce(0) { $0 + Int($1) } }
    let mean = UInt8(Double(sum) / Double(width * height) + 0.5)
    return try mapped { blend(mean, $0, factor) }
  }

  /// From grey (0) to the original (1) and more colourful.
  public func saturated(by factor: Float) throws -> Picture {
    guard channels == 3 else { return self }
    let luma = try grey
    return try changed { pixels in
      luma.withPixels { luma in
        for pixel in luma.indices {
          for channel in 3 * pixel..<3 * pixel + 3 {
            pixels[channel] = blend(luma[pixel], pixels[channel], factor)
          }
        }
      }
    }
  }

  /// Shifts hues by a part of the circle, −½ to ½, in steps of 1/255.
  public func hueShifted(by turn: Float) throws -> Picture {
    let step = UInt8(truncatingIfNeeded: Int(max(-1, min(1, turn)) * 255))
    return try jittered(saturation: 1, value: 1, hueStep: step)
  }

  /// In HSV: shifts hue, multiplies saturation and value.
  public func jittered(hue: Float, saturation: Float, value: Float) throws -> Picture {
    try jittered(
      saturation: saturation, value: value,
      hueStep: UInt8(truncatingIfNeeded: Int(max(-1, min(1, hue)) * 255)))
  }

  private func jittered(saturation: Float, value: Float, hueStep: UInt8) throws -> Picture {
    guard channels == 3 else { return value == 1 ? self : try mapped { scaled($0, value) } }
    let saturations = (0...255).map { scaled(UInt8($0), saturation) }
    let values = (0...255).map { scaled(UInt8($0), value) }
    let space = HSV.shared
    return try changed { pixels in
      for start in stride(from: 0, to: pixels.count, by: 3) {
        let (h, s, v) = space.from(pixels[start], pixels[start + 1], pixels[start + 2])
        (pixels[start], pixels[start + 1], pixels[start + 2]) =
          space.colour(h &+ hueStep, saturations[Int(s)], values[Int(v)])
      }
    }
  }

  /// Grey, with the same number of channels.
  public var withoutColour: Picture {
    get throws { channels == 3 ? try grey.rgb : self }
  }

  /// Maps each sample through a table.
  func mapped(_ level: (UInt8) -> UInt8) throws -> Picture {
    let table = (0...255).map { level(UInt8($0)) }
    return try changed { pixels in
      table.withUnsafeBufferPointer { table in
        for index in pixels.indices { pixels[index] = table[Int(pixels[index])] }
      }
    }
  }

  func changed(_ change: (UnsafeMutableBufferPointer<UInt8>) throws -> Void) throws -> Picture {
    var changed = self
    try changed.withMutablePixels(change)
    return changed
  }
}

/// `ImagingBlend`: interpolates or extrapolates between two levels, clamped and truncated.
@inline(__always)
private func blend(_ from: UInt8, _ to: UInt8, _ factor: Float) -> UInt8 {
  let level = Float(from) + factor * Float(Int(to) - Int(from))
  return UInt8(max(0, min(255, level)))
}

private func scaled(_ level: UInt8, _ factor: Float) -> UInt8 {
  UInt8(max(0, min(255, Float(level) * factor)))
}

/// Pillow's `rgb2hsv_row` and `hsv2rgb`, including their rounding, mostly by tables: float32 and
/// float64 divisions for each pixel would take ten times as long.
struct HSV {
  static let shared = HSV()

  /// By the range of a pixel's channels and its largest channel.
  private let saturations: [UInt8]
  /// By the indices of the largest and smallest channel, the distance of the middle one from the
  /// largest, and the range.
  private let hues: [UInt8]
  /// By saturation and value: the smallest channel.
  private let lows: [UInt8]
  /// By hue: the sector of the circle and the position within it.
  private let sectors: [(sector: Int, within: Float)]

  private init() {
    var saturations = [UInt8](repeating: 0, count: 1 << 16)
    var hues = [UInt8](repeating: 0, count: 6 << 16)
    var lows = saturations
    for range in 1..<256 {
      for top in range..<256 {
        let share = Float(range) / Float(top)
        saturations[range << 8 | top] = UInt8(min(255, Double(share) * 255))
      }
      for gap in 0...range {
        // The distances from the largest channel are the gap, 1, and 0.
        let share = Float(gap) / Float(range)
        let turns = [
          Float(1 - share), Float(share - 1), Float(3 - Double(share)),
          Float(2 + Double(share) - 1),
          Float(5 - Double(share)), Float(4 + Double(share) - 1),
        ]
        for (order, turn) in turns.enumerated() {
          // A negative hue wraps around.
          let hue = fmod(Double(turn) / 6 + 1, 1)
          hues[order << 16 | gap << 8 | range] = UInt8(max(0, min(255, Double(Float(hue)) * 255)))
        }
      }
    }
    for saturation in 0..<256 {
      let share = Float(Double(saturation) / 255)
      for value in 0..<256 {
        lows[saturation << 8 | value] = HSV.level(Double(value), Double(share))
      }
    }
    self.saturations = saturations
    self.hues = hues
    self.lows = lows
    sectors = (0..<256).map { hue in
      let turn = Float(Double(hue) * 6 / 255)
      let sector = Int(Double(hue) * 6 / 255)
      return (sector % 6, turn - Float(sector))
    }
  }

  /// v·(1 − part), rounded; it is between 0 and 255.
  @inline(__always)
  private static func level(_ value: Double, _ part: Double) -> UInt8 {
    UInt8(truncatingIfNeeded: Int32(value * (1 - part) + 0.5))
  }

  @inline(__always)
  func from(_ r: UInt8, _ g: UInt8, _ b: UInt8) -> (UInt8, UInt8, UInt8) {
    let (top, low) = (max(r, g, b), min(r, g, b))
    if top == low { return (0, 0, top) }
    let range = Int(top &- low)
    let (order, middle) =
      r == top
      ? (b < g ? (0, g) : (1, b))
      : g == top ? (r < b ? (2, b) : (3, r)) : (g < r ? (4, r) : (5, g))
    return (
      hues[order << 16 | Int(top &- middle) << 8 | range], saturations[range << 8 | Int(top)], top
    )
  }

  @inline(__always)
  func colour(_ h: UInt8, _ s: UInt8, _ v: UInt8) -> (UInt8, UInt8, UInt8) {
    if s == 0 { return (v, v, v) }
    let (sector, within) = sectors[Int(h)]
    let share = Float(Double(s) / 255)
    let low = lows[Int(s) << 8 | Int(v)]
    let value = Double(v)
    if sector & 1 == 0 {
      let rising = HSV.level(value, Double(share) * (1 - Double(within)))
      return sector == 0 ? (v, rising, low) : sector == 2 ? (low, v, rising) : (rising, low, v)
    }
    let falling = HSV.level(value, Double(share * within))
    return sector == 1 ? (falling, v, low) : sector == 3 ? (low, falling, v) : (v, low, falling)
  }
}
