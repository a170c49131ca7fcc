import Glibc
import ZooKit
import ZooVision

/// Mirrors left to right, or top to bottom.
public struct Flip: Augmentation {
  public var vertically: Bool
  public var probability: Double

  public init(vertically: Bool = false, probability: Double = 0.5) {
    self.vertically = vertically
    self.probability = probability
  }

  public func applied(to sample: Sample, _ context: AugmentationContext) throws -> Sample {
    guard context.random.happens(probability, 0) else { return sample }
    return try sample.flipped(vertically: vertically)
  }
}

/// Turns by 0, 90, 180 or 270 degrees; a picture that is not square only by 0 or 180, to keep the
/// network's shape.
public struct QuarterTurns: Augmentation {
  public init() {}

  public func applied(to sample: Sample, _ context: AugmentationContext) throws -> Sample {
    let isSquare = sample.size.width == sample.size.height
    return try sample.turned(
      quarters: isSquare ? context.random.below(4, 0) : 2 * context.random.below(2, 0))
  }
}

/// A part of the picture with random area and aspect, resized to the network's size: torchvision's
/// `RandomResizedCrop` (Szegedy et al. 2015), with PIL's resize to the bit.
public struct RandomResizedCrop: Augmentation {
  /// Relative to the picture's area.
  public var scale: ClosedRange<Double>
  /// Width over height.
  public var ratio: ClosedRange<Double>

  public init(scale: ClosedRange<Double> = 0.08...1, ratio: ClosedRange<Double> = 3 / 4...4 / 3) {
    self.scale = scale
    self.ratio = ratio
  }

  public var fixesSize: Bool { true }

  public func applied(to sample: Sample, _ context: AugmentationContext) throws -> Sample {
    try sample.cropped(to: region(of: sample.size, context.random))
      .resized(to: context.size, interpolation: context.interpolation)
  }

  func region(of size: Window.Size, _ random: Random) -> Region {
    let (width, height) = (Double(size.width), Double(size.height))
    for attempt in 0..<10 {
      let area = width * height * random.uniform(in: scale, 4 * attempt)
      let logs = log(ratio.lowerBound)...log(ratio.upperBound)
      let aspect = exp(random.uniform(in: logs, 4 * attempt + 1))
      let across = (area * aspect).squareRoot().rounded(.toNearestOrEven)
      let down = (area / aspect).squareRoot().rounded(.toNearestOrEven)
      guard 0 < across, across <= width, 0 < down, down <= height else { continue }
      let (w, h) = (Int(across), Int(down))
      return Region(
        x: random.below(size.width - w + 1, 4 * attempt + 2),
        y: random.below(size.height - h + 1, 4 * attempt + 3), width: w, height: h)
    }
    // The largest central part with an allowed aspect.
    let own = width / height
    var (w, h) = (size.width, size.height)
    if own < ratio.lowerBound {
      h = pixelCount((width / ratio.lowerBound).rounded(.toNearestOrEven))
    } else if own > ratio.upperBound {
      w = pixelCount((height * ratio.upperBound).rounded(.toNearestOrEven))
    }
    return Region(x: (size.width - w) / 2, y: (size.height - h) / 2, width: w, height: h)
  }
}

/// A part of the picture with the network's size, at the picture's own scale. A picture that is too
/// small is enlarged first.
public struct RandomCrop: Augmentation {
  public init() {}

  public var fixesSize: Bool { true }

  public func applied(to sample: Sample, _ context: AugmentationContext) throws -> Sample {
    let wanted = context.size
    let factor = max(
      Double(wanted.width) / Double(sample.size.width),
      Double(wanted.height) / Double(sample.size.height), 1)
    func grown(_ side: Int, _ least: Int) -> Int {
      max(Int((Double(side) * factor).rounded()), least)
    }
    let large = try sample.resized(
      to: Window.Size(
        grown(sample.size.height, wanted.height), grown(sample.size.width, wanted.width)),
      interpolation: context.interpolation)
    return try large.cropped(
      to: Region(
        x: context.random.below(large.size.width - wanted.width + 1, 0),
        y: context.random.below(large.size.height - wanted.height + 1, 1),
        width: wanted.width, height: wanted.height))
  }
}

/// Pads with a border of zeros, then crops a part of the original size (He et al. 2015, for CIFAR).
public struct PadAndCrop: Augmentation {
  public var border: Int

  public init(border: Int = 4) { self.border = max(border, 0) }

  public func applied(to sample: Sample, _ context: AugmentationContext) throws -> Sample {
    try sample.cropped(
      to: Region(
        x: context.random.below(2 * border + 1, 0) - border,
        y: context.random.below(2 * border + 1, 1) - border,
        width: sample.size.width, height: sample.size.height), filling: 0)
  }
}

/// A window smaller or larger than the picture, within it or around it, stretched to the network's
/// size, so that objects get larger or smaller.
public struct ScaleWindow: Augmentation {
  /// Relative to the picture's sides.
  public var scale: ClosedRange<Double>

  public init(scale: ClosedRange<Double> = 0.75...1.25) { self.scale = scale }

  public var fixesSize: Bool { true }

  public func applied(to sample: Sample, _ context: AugmentationContext) throws -> Sample {
    let factor = context.random.uniform(in: scale, 0)
    let (width, height) = (sample.size.width, sample.size.height)
    let (w, h) = (pixelCount(Double(width) * factor), pixelCount(Double(height) * factor))
    func start(_ room: Int, _ counter: Int) -> Int {
      let place = context.random.below(abs(room) + 1, counter)
      return room < 0 ? -place : place
    }
    return try sample.cropped(
      to: Region(x: start(width - w, 1), y: start(height - h, 2), width: w, height: h)
    ).resized(to: context.size, interpolation: context.interpolation)
  }
}

/// Rotation, scaling, shear and translation in one step, with bilinear interpolation.
public struct RandomAffine: Augmentation {
  /// The largest angle, in either direction.
  public var degrees: Double
  public var scale: ClosedRange<Double>
  /// The largest angle along each axis, in either direction.
  public var shear: Double
  /// The largest shift, relative to the sides.
  public var translation: Double
  /// Fills the area beyond the border with the mirrored picture instead of grey.
  public var mirrorsEdges: Bool
  public var probability: Double

  public init(
    degrees: Double = 10, scale: ClosedRange<Double> = 1...1, shear: Double = 0,
    translation: Double = 0, mirrorsEdges: Bool = false, probability: Double = 1
  ) {
    self.degrees = degrees
    self.scale = scale
    self.shear = shear
    self.translation = translation
    self.mirrorsEdges = mirrorsEdges
    self.probability = probability
  }

  public func applied(to sample: Sample, _ context: AugmentationContext) throws -> Sample {
    let random = context.random
    guard random.happens(probability, 0) else { return sample }
    let size = SIMD2(Double(sample.size.width), Double(sample.size.height))
    func part(_ most: Double, _ counter: Int) -> Double {
      random.uniform(in: -most...most, counter)
    }
    let map = AffineMap(
      degrees: part(degrees, 1), scale: random.uniform(in: scale, 2),
      shear: [part(shear, 3), part(shear, 4)],
      shift: size * SIMD2(part(translation, 5), part(translation, 6)), about: size / 2)
    return try sample.mapped(by: map, edge: mirrorsEdges ? .mirror : .fill(Sample.fill))
  }
}
