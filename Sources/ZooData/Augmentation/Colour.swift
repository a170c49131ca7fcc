import Glibc
import ZooKit
import ZooVision

/// Brightness, contrast, saturation and hue, each by a random factor, in a random order:
/// torchvision's `ColorJitter`.
public struct ColourJitter: Augmentation {
  /// Factors are between 1 − x and 1 + x; hue shifts by at most x of the circle, up to ½.
  public var brightness, contrast, saturation, hue: Double
  public var probability: Double

  public init(
    brightness: Double = 0, contrast: Double = 0, saturation: Double = 0, hue: Double = 0,
    probability: Double = 1
  ) {
    (self.brightness, self.contrast) = (brightness, contrast)
    (self.saturation, self.hue) = (saturation, hue)
    self.probability = probability
  }

  public func applied(to sample: Sample, _ context: AugmentationContext) throws -> Sample {
    let random = context.random
    guard random.happens(probability, 0) else { return sample }
    func factor(_ strength: Double, _ counter: Int) -> Float {
      Float(random.uniform(in: max(0, 1 - strength)...1 + strength, counter))
    }
    var jittered = sample
    for step in random.key("order").permutation(4) {
      switch step {
      case 0 where brightness > 0:
        jittered.picture = try jittered.picture.brightened(by: factor(brightness, 1))
      case 1 where contrast > 0:
        jittered.picture = try jittered.picture.contrasted(by: factor(contrast, 2))
      case 2 where saturation > 0:
        jittered.picture = try jittered.picture.saturated(by: factor(saturation, 3))
      case 3 where hue > 0:
        jittered.picture = try jittered.picture.hueShifted(
          by: Float(random.uniform(in: -hue...hue, 4)))
      default: break
      }
    }
    return jittered
  }
}

/// Hue, saturation and value by random amounts, as YOLO's trainers do.
public struct HSVJitter: Augmentation {
  public var hue, saturation, value: Double
  public var probability: Double

  public init(
    hue: Double = 0.015, saturation: Double = 0.4, value: Double = 0.3, probability: Double = 1
  ) {
    (self.hue, self.saturation, self.value) = (hue, saturation, value)
    self.probability = probability
  }

  public func applied(to sample: Sample, _ context: AugmentationContext) throws -> Sample {
    let random = context.random
    guard random.happens(probability, 0) else { return sample }
    var jittered = sample
    jittered.picture = try sample.picture.jittered(
      hue: Float(random.uniform(in: -hue...hue, 1)),
      saturation: Float(1 + random.uniform(in: -saturation...saturation, 2)),
      value: Float(1 + random.uniform(in: -value...value, 3)))
    return jittered
  }
}

/// Converts to grey.
public struct RandomGrey: Augmentation {
  public var probability: Double

  public init(probability: Double = 0.1) { self.probability = probability }

  public func applied(to sample: Sample, _ context: AugmentationContext) throws -> Sample {
    guard context.random.happens(probability, 0) else { return sample }
    var grey = sample
    grey.picture = try sample.picture.withoutColour
    return grey
  }
}

/// Blurs with a Gaussian of random width.
public struct RandomBlur: Augmentation {
  /// Standard deviations, in pixels.
  public var deviation: ClosedRange<Double>
  public var probability: Double

  public init(deviation: ClosedRange<Double> = 0.1...2, probability: Double = 0.5) {
    self.deviation = deviation
    self.probability = probability
  }

  public func applied(to sample: Sample, _ context: AugmentationContext) throws -> Sample {
    guard context.random.happens(probability, 0) else { return sample }
    var blurred = sample
    blurred.picture = try sample.picture.blurred(
      deviation: context.random.uniform(in: deviation, 1))
    return blurred
  }
}

/// Adds noise of random strength, independent for each sample of each channel.
public struct RandomNoise: Augmentation {
  /// Standard deviations, in levels of 255.
  public var deviation: ClosedRange<Double>
  public var probability: Double

  public init(deviation: ClosedRange<Double> = 0...12, probability: Double = 0.5) {
    self.deviation = deviation
    self.probability = probability
  }

  public func applied(to sample: Sample, _ context: AugmentationContext) throws -> Sample {
    let random = context.random
    guard random.happens(probability, 0) else { return sample }
    let strength = random.uniform(in: deviation, 1)
    let source = random.key("noise")
    var noisy = sample
    noisy.picture = try sample.picture.changed { pixels in
      // The sum of four uniform numbers is normal enough here and needs no logarithm. Its variance
      // is a third, for 16-bit numbers centred at zero.
      let factor = Float(strength * 3.0.squareRoot() / 65536)
      for index in pixels.indices {
        let bits = source.bits(index)
        let sum =
          Int32(bits & 0xFFFF) &+ Int32(bits >> 16 & 0xFFFF) &+ Int32(bits >> 32 & 0xFFFF)
          &+ Int32(bits >> 48) &- 131_070
        let level = Float(pixels[index]) + factor * Float(sum) + 0.5
        pixels[index] = UInt8(max(0, min(255, level)))
      }
    }
    return noisy
  }
}

/// Covers a random rectangle with the picture's mean colour, so that no single part decides
/// (DeVries and Taylor 2017; Zhong et al. 2020). Mask and boxes do not change, because hidden
/// objects are still there.
public struct Cutout: Augmentation {
  /// Relative to the picture's area.
  public var area: ClosedRange<Double>
  /// Width over height.
  public var ratio: ClosedRange<Double>
  public var probability: Double

  public init(
    area: ClosedRange<Double> = 0.02...0.2, ratio: ClosedRange<Double> = 0.3...3.3,
    probability: Double = 0.5
  ) {
    (self.area, self.ratio) = (area, ratio)
    self.probability = probability
  }

  public func applied(to sample: Sample, _ context: AugmentationContext) throws -> Sample {
    guard context.random.happens(probability, 0) else { return sample }
    let region = RandomResizedCrop(scale: area, ratio: ratio)
      .region(of: sample.size, context.random.key("region"))
    let (width, channels) = (sample.size.width, sample.picture.channels)
    var cut = sample
    cut.picture = try sample.picture.changed { pixels in
      var sums = [Int](repeating: 0, count: channels)
      for start in stride(from: 0, to: pixels.count, by: channels) {
        for channel in 0..<channels { sums[channel] += Int(pixels[start + channel]) }
      }
      let count = pixels.count / channels
      let mean = sums.map { UInt8(($0 + count / 2) / count) }
      for y in region.y..<region.y + region.height {
        for x in region.x..<region.x + region.width {
          for channel in 0..<channels {
            pixels[(y * width + x) * channels + channel] = mean[channel]
          }
        }
      }
    }
    return cut
  }
}

extension Picture {
  /// Blurs rows and columns with a Gaussian; the picture is mirrored beyond its border.
  public func blurred(deviation: Double) throws -> Picture {
    guard deviation > 0 else { return self }
    let radius = Int(min((3 * deviation).rounded(.up), 64))
    let powers = (-radius...radius).map { exp(-Double($0 * $0) / (2 * deviation * deviation)) }
    let sum = powers.reduce(0, +)
    let weights = powers.map { Float($0 / sum) }
    let stride = width * channels
    func mirrored(_ index: Int, _ count: Int) -> Int {
      let index = index < 0 ? -index : index >= count ? 2 * count - 2 - index : index
      return min(max(index, 0), count - 1)
    }
    return try changed { pixels in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: pixels.count) { rows in
        for y in 0..<height {
          let row = UnsafeMutableBufferPointer(rebasing: rows[y * stride..<(y + 1) * stride])
          row.initialize(repeating: 0)
          for (tap, weight) in weights.enumerated() {
            let from = mirrored(y + tap - radius, height) * stride
            for x in 0..<stride { row[x] += weight * Float(pixels[from + x]) }
          }
        }
        // The row with mirrored ends, so that every tap is one contiguous run.
        var long = [Float](repeating: 0, count: stride + 2 * radius * channels)
        var line = [Float](repeating: 0, count: stride)
        for y in 0..<height {
          for x in -radius..<width + radius {
            let from = y * stride + mirrored(x, width) * channels
            for channel in 0..<channels {
              long[(x + radius) * channels + channel] = rows[from + channel]
            }
          }
          long.withUnsafeBufferPointer { long in
            line.withUnsafeMutableBufferPointer { line in
              for x in 0..<stride { line[x] = 0.5 }
              for (tap, weight) in weights.enumerated() {
                let start = tap * channels
                for x in 0..<stride { line[x] += weight * long[start + x] }
              }
              for x in 0..<stride {
                pixels[y * stride + x] = UInt8(max(0, min(255, line[x])))
              }
            }
          }
        }
      }
    }
  }
}
