import ZooKit

extension Picture {
  /// Red, green and blue: alpha is dropped, not blended, as PIL's `convert("RGB")` does.
  public var rgb: Picture {
    get throws {
      if channels == 3 { return self }
      let (green, blue) = channels == 1 ? (0, 0) : (1, 2)
      return try converted(to: 3) { old, new in
        (new[0], new[1], new[2]) = (old[0], old[green], old[blue])
      }
    }
  }

  /// Luma by ITU-R 601 in 16-bit fractions, exactly as PIL's `convert("L")`.
  public var grey: Picture {
    get throws {
      if channels == 1 { return self }
      return try converted(to: 1) { old, new in
        let luma = 19595 &* UInt32(old[0]) &+ 38470 &* UInt32(old[1]) &+ 7471 &* UInt32(old[2])
        new[0] = UInt8(truncatingIfNeeded: (luma &+ 0x8000) &>> 16)
      }
    }
  }

  @inline(__always)
  func converted(
    to channels: Int,
    _ convert: (UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>) -> Void
  ) throws -> Picture {
    var converted = try Picture(width: width, height: height, channels: channels)
    converted.isReduced = isReduced
    try converted.withMutablePixels { new in
      withPixels { old in
        guard let old = old.baseAddress, let new = new.baseAddress else { return }
        for pixel in 0..<width * height {
          convert(old + pixel * self.channels, new + pixel * channels)
        }
      }
    }
    return converted
  }
}
