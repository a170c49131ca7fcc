import Glibc
import ZooKit
import ZooVision

/// Changes of colour, to the bit what PIL and torchvision's PIL backend make of a picture.
extension Picture {
  /// Black (0) to the picture itself (1) and brighter.
  public func brightened(by factor: Float) throws -> Picture {
    try mapped { blend(0, $0, factor) }
  }

  /// One grey, the picture's mean, (0) to the picture itself (1) and harder.
  public func contrasted(by factor: Float) throws -> Picture {
    let sum = try grey.withPixels { $0.reduce(0) { $0 + Int($1) } }
    let mean = UInt8(Double(sum) / Double(width * height) + 0.5)
    return try mapped { blend(mean, $0, factor) }
  }

  /// Grey (0) to the picture itself (1) and more colourful.
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

  /// Colours turned by a part of the circle, −½ to ½, in steps of 1/255.
  public func hueShifted(by turn: Float) throws -> Picture {
    let step = UInt8(truncatingIfNeeded: Int(turn * 255))
    return try jittered(saturation: 1, value: 1, hueStep: step)
  }

  /// In HSV: hue turned, saturation and value multiplied.
  public func jittered(hue: Float, saturation: Float, value: Float) throws -> Picture {
    try jittered(
      saturation: saturation, value: value, hueStep: UInt8(truncatingIfNeeded: Int(hue * 255)))
  }

  private func jittered(saturation: Float, value: Float, hueStep: UInt8) throws -> Picture {
    guard channels == 3 else { return value == 1 ? self : try mapped { scaled($0, value) } }
    let saturations = (0...255).map { scaled(UInt8($0), saturation) }
    let values = (0...255).map { scaled(UInt8($0), value) }
    return try changed { pixels in
      for start in stride(from: 0, to: pixels.count, by: 3) {
        var (h, s, v) = toHSV(pixels[start], pixels[start + 1], pixels[start + 2])
        (h, s, v) = (h &+ hueStep, saturations[Int(s)], values[Int(v)])
        (pixels[start], pixels[start + 1], pixels[start + 2]) = fromHSV(h, s, v)
      }
    }
  }

  /// Grey, in as many channels as before.
  public var withoutColour: Picture {
    get throws { channels == 3 ? try grey.rgb : self }
  }

  /// Each sample through a table.
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

/// `ImagingBlend`: between two levels and beyond them, cut off, never rounded.
@inline(__always)
private func blend(_ from: UInt8, _ to: UInt8, _ factor: Float) -> UInt8 {
  let level = Float(from) + factor * Float(Int(to) - Int(from))
  return UInt8(max(0, min(255, level)))
}

private func scaled(_ level: UInt8, _ factor: Float) -> UInt8 {
  UInt8(max(0, min(255, Float(level) * factor)))
}

/// Pillow's `rgb2hsv_row`, float32 roundings included.
@inline(__always)
func toHSV(_ r: UInt8, _ g: UInt8, _ b: UInt8) -> (UInt8, UInt8, UInt8) {
  let (top, low) = (max(r, g, b), min(r, g, b))
  guard top > low else { return (0, 0, top) }
  let range = Float(top - low)
  let saturation = range / Float(top)
  let (rc, gc, bc) = (Float(top - r) / range, Float(top - g) / range, Float(top - b) / range)
  let sector: Float =
    r == top
    ? bc - gc : g == top ? Float(2 + Double(rc) - Double(bc)) : Float(4 + Double(gc) - Double(rc))
  // A hue below red is one from the circle's end.
  let turns = Double(sector) / 6 + 1
  let hue = Float(turns >= 2 ? turns - 2 : turns >= 1 ? turns - 1 : turns)
  return (
    UInt8(max(0, min(255, Double(hue) * 255))), UInt8(max(0, min(255, Double(saturation) * 255))),
    top
  )
}

/// Pillow's `hsv2rgb`.
@inline(__always)
func fromHSV(_ h: UInt8, _ s: UInt8, _ v: UInt8) -> (UInt8, UInt8, UInt8) {
  if s == 0 { return (v, v, v) }
  let turn = Float(Double(h) * 6 / 255)
  let fs = Float(Double(s) / 255)
  let sector = Int(turn)
  let f = turn - Float(sector)
  func level(_ part: Double) -> UInt8 {
    UInt8(max(0, min(255, (Double(v) * (1 - part)).rounded())))
  }
  let p = level(Double(fs))
  let q = level(Double(fs * f))
  let t = level(Double(fs) * (1 - Double(f)))
  switch sector % 6 {
  case 0: return (v, t, p)
  case 1: return (q, v, p)
  case 2: return (p, v, t)
  case 3: return (p, q, v)
  case 4: return (t, p, v)
  default: return (v, p, q)
  }
}
