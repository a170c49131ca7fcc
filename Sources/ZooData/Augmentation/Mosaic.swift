import ZooKit
import ZooVision

/// Four pictures around a random point (Bochkovskiy et al. 2020): smaller objects, more of them, in
/// other surroundings.
public struct Mosaic: Augmentation {
  public var probability: Double
  /// The size of each picture relative to the whole.
  public var scale: ClosedRange<Double>

  public init(probability: Double = 0.5, scale: ClosedRange<Double> = 0.5...1) {
    self.probability = probability
    self.scale = scale
  }

  public var fixesSize: Bool { true }

  public func applied(to sample: Sample, _ context: AugmentationContext) throws -> Sample {
    let random = context.random
    // Without a mosaic, the caller still has to resize the sample.
    guard random.happens(probability, 0) else { return sample }
    let size = context.size
    let centre = (
      x: Int(random.uniform(in: 0.3...0.7, 1) * Double(size.width)),
      y: Int(random.uniform(in: 0.3...0.7, 2) * Double(size.height))
    )
    var samples = [sample]
    for index in 1..<4 { samples.append(try context.other(random.bits(100 + index))) }
    var whole = try Picture(
      width: size.width, height: size.height, channels: sample.picture.channels
    )
    .mapped { _ in Sample.fill }
    var mask = try Picture(width: size.width, height: size.height, channels: 1)
      .mapped { _ in Truth.ignored }
    var boxes: [ObjectBox] = []
    for (corner, part) in samples.enumerated() {
      // A corner of the picture is at the centre; the picture is cropped to fit.
      let factor =
        random.uniform(in: scale, 10 + corner)
        * min(
          Double(size.width) / Double(part.size.width),
          Double(size.height) / Double(part.size.height))
      let small = try part.resized(
        to: Window.Size(
          pixelCount(factor * Double(part.size.height)),
          pixelCount(factor * Double(part.size.width))),
        interpolation: context.interpolation)
      let isLeft = corner % 2 == 0
      let isTop = corner < 2
      let room = Window.Size(
        isTop ? centre.y : size.height - centre.y, isLeft ? centre.x : size.width - centre.x)
      let width = min(small.size.width, room.width)
      let height = min(small.size.height, room.height)
      guard width > 0, height > 0 else { continue }
      let seen = try small.cropped(
        to: Region(
          x: isLeft ? small.size.width - width : 0, y: isTop ? small.size.height - height : 0,
          width: width, height: height))
      let x = isLeft ? centre.x - width : centre.x
      let y = isTop ? centre.y - height : centre.y
      guard seen.picture.channels == whole.channels else {
        throw ZooError.failure("\(part.name) has other channels than \(sample.name)")
      }
      try whole.paste(seen.picture, x: x, y: y)
      switch seen.truth {
      case .mask(let part): try mask.paste(part, x: x, y: y)
      case .boxes(let part):
        boxes += part.map { box in
          var moved = box
          moved.frame = Frame(
            x0: box.frame.x0 + Double(x), y0: box.frame.y0 + Double(y),
            x1: box.frame.x1 + Double(x), y1: box.frame.y1 + Double(y))
          return moved
        }
      case .none, .label, .labels, .values: break
      }
    }
    switch sample.truth {
    case .mask: return Sample(name: sample.name, picture: whole, truth: .mask(mask))
    case .boxes: return Sample(name: sample.name, picture: whole, truth: .boxes(boxes))
    case .none, .label, .labels, .values:
      throw ZooError.usage("a mosaic needs boxes or masks: a whole picture's label is lost in it")
    }
  }
}

extension Picture {
  /// Pastes a picture with the same channels at a place where it fits.
  mutating func paste(_ picture: Picture, x: Int, y: Int) throws {
    let (stride, bytes) = (width * channels, picture.width * channels)
    let start = y * stride + x * channels
    try withMutablePixels { new in
      picture.withPixels { old in
        for row in 0..<picture.height {
          let to = start + row * stride
          _ = new[to..<to + bytes].update(fromContentsOf: old[row * bytes..<(row + 1) * bytes])
        }
      }
    }
  }
}
