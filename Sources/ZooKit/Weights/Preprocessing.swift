/// What must happen to a picture before a checkpoint may see it. It belongs to the checkpoint: the
/// same architecture trained elsewhere expects something else.
///
/// Pixels are resized, cropped, multiplied by `scale`, and normalised per channel as
/// `(x − mean) / std`, in the channel order of the checkpoint. Some are trained on pictures that are
/// standardised each by itself.
public struct Preprocessing: Hashable, Sendable {
  public enum Resize: Hashable, Sendable {
    /// The picture already has its size.
    case none
    /// The shorter side becomes so long; the longer one keeps the proportion, rounded down as
    /// torchvision does.
    case shorterSide(Int)
    /// Stretched to height and width.
    case exact(height: Int, width: Int)
    /// As large as fits: the shorter side at most so long, and the longer one too. Detectors see
    /// pictures so.
    case within(shorter: Int, longer: Int)
    /// As large as fits into height and width, in the middle, with borders of one level around it.
    case letterbox(height: Int, width: Int, level: UInt8)
  }

  public enum Interpolation: String, Sendable, CaseIterable {
    case nearest, bilinear, bicubic
    /// Between the four nearest pixels, after they were normalised, and without antialiasing: what
    /// PyTorch's `interpolate` makes of a tensor, and torchvision's detectors were trained with.
    case sampled
  }

  public enum Channels: String, Sendable, CaseIterable { case rgb, bgr, grey }

  public var resize: Resize
  public var interpolation: Interpolation
  /// Zeros at the right and at the bottom make both sides multiples of this.
  public var multiple: Int
  /// The centre of the resized picture, height and width; all of it where nil.
  public var crop: Window.Size?
  public var channels: Channels
  public var scale: Float
  /// In the order of `channels`.
  public var mean: [Float]
  public var std: [Float]
  /// Then each picture's own mean is taken off and its own standard deviation divided by, channel by
  /// channel: scanners that agree on no scale.
  public var standardizes: Bool

  public init(
    resize: Resize, interpolation: Interpolation = .bilinear, crop: Window.Size? = nil,
    multiple: Int = 1, channels: Channels = .rgb, scale: Float = 1 / 255, mean: [Float],
    std: [Float], standardizes: Bool = false
  ) {
    self.resize = resize
    self.interpolation = interpolation
    self.crop = crop
    self.multiple = multiple
    self.channels = channels
    self.scale = scale
    self.mean = mean
    self.std = std
    self.standardizes = standardizes
  }
}

extension Preprocessing {
  /// What every picture becomes, nil where that depends on the picture.
  public var size: Window.Size? {
    if let crop { return crop }
    switch resize {
    case .exact(let height, let width), .letterbox(let height, let width, _):
      return Window.Size(height, width)
    case .none, .shorterSide, .within: return nil
    }
  }
}

extension Preprocessing {
  public init(_ json: JSON, in origin: String) throws {
    var fields = try Fields(json, of: "preprocessing", in: origin)
    let sides = try fields.optional("resize") { fields, key in try fields.integers(key) } ?? []
    let longest = try fields.optional("longest") { fields, key in try fields.integer(key) }
    let borders = try fields.optional("borders") { fields, key in try fields.integer(key) }
    if borders != nil, sides.count != 2 {
      throw fields.error("“borders” goes with a height and a width to “resize” to")
    }
    switch (sides.count, longest) {
    case (0, nil): resize = .none
    case (1, nil): resize = .shorterSide(sides[0])
    case (1, let longest?): resize = .within(shorter: sides[0], longer: longest)
    case (2, nil) where borders == nil: resize = .exact(height: sides[0], width: sides[1])
    case (2, nil) where borders != nil:
      guard let level = UInt8(exactly: borders ?? 0) else {
        throw fields.error("“borders” is a level from 0 to 255")
      }
      resize = .letterbox(height: sides[0], width: sides[1], level: level)
    case (_, .some): throw fields.error("“longest” goes with one side to “resize” to")
    default: throw fields.error("“resize” is one side, or height and width")
    }
    interpolation = try fields.choice("interpolation", of: Interpolation.self) ?? .bilinear
    let crop = try fields.optional("crop") { fields, key in try fields.integers(key) }
    if let crop, crop.count != 2 { throw fields.error("“crop” is height and width") }
    self.crop = crop.map { Window.Size($0[0], $0[1]) }
    multiple = try fields.optional("multiple") { fields, key in try fields.integer(key) } ?? 1
    channels = try fields.choice("channels", of: Channels.self) ?? .rgb
    scale = Float(try fields.number("scale"))
    mean = try fields.numbers("mean").map(Float.init)
    std = try fields.numbers("std").map(Float.init)
    standardizes =
      try fields.optional("standardize") { fields, key in try fields.bool(key) } ?? false
    if standardizes, multiple > 1 || interpolation == .sampled {
      throw fields.error("“standardize” goes with neither “multiple” nor “sampled”")
    }
    let count = channels == .grey ? 1 : 3
    guard mean.count == count, std.count == count else {
      throw fields.error("“mean” and “std” need \(count) numbers for \(channels.rawValue)")
    }
    // A record must not ask for more than a picture may have.
    guard (sides + (crop ?? []) + [longest ?? 1]).allSatisfy({ 1...65_536 ~= $0 }),
      1...1024 ~= multiple, (longest ?? 1) * sides.reduce(1, max) <= 1 << 26,
      [sides, crop ?? []].allSatisfy({ $0.reduce(1, *) <= 1 << 26 }),
      std.allSatisfy({ $0 > 0 && $0.isFinite }), mean.allSatisfy(\.isFinite), scale.isFinite
    else { throw fields.error("a size or a factor of the preprocessing is out of range") }
    try fields.finish()
  }

  public var json: JSON {
    var members: [(key: String, value: JSON)] = []
    switch resize {
    case .none, .within, .letterbox: break
    case .shorterSide(let side): members.append(("resize", [JSON(side)]))
    case .exact(let height, let width): members.append(("resize", [JSON(height), JSON(width)]))
    }
    if case .letterbox(let height, let width, let level) = resize {
      members.append(("resize", [JSON(height), JSON(width)]))
      members.append(("borders", JSON(Int(level))))
    }
    if case .within(let shorter, let longer) = resize {
      members.append(("resize", [JSON(shorter)]))
      members.append(("longest", JSON(longer)))
    }
    members.append(("interpolation", JSON(interpolation.rawValue)))
    if let crop { members.append(("crop", [JSON(crop.height), JSON(crop.width)])) }
    if multiple > 1 { members.append(("multiple", JSON(multiple))) }
    members.append(("channels", JSON(channels.rawValue)))
    // Printed as the shortest decimal that reads back as the same float32.
    members.append(("scale", JSON(Double("\(scale)") ?? Double(scale))))
    members.append(("mean", JSON(mean.map { Double("\($0)") ?? Double($0) })))
    members.append(("std", JSON(std.map { Double("\($0)") ?? Double($0) })))
    if standardizes { members.append(("standardize", JSON(true))) }
    return JSON(.object(members))
  }
}

extension Fields {
  /// One of an enumeration's words, nil where the key is absent.
  public mutating func choice<Choice>(_ key: String, of type: Choice.Type) throws -> Choice?
  where Choice: RawRepresentable<String> & CaseIterable {
    guard let word = try optional(key, { fields, key in try fields.string(key) }) else {
      return nil
    }
    guard let choice = Choice(rawValue: word) else {
      let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw error("“\(key)” of \(what) is “\(word)”, one of \(words) was expected")
    }
    return choice
  }
}
