import ZooKit

extension Preprocessing {
  public init(_ json: JSON, in origin: String) throws {
    var fields = try Fields(json, of: "preprocessing", in: origin)
    let sides = try fields.optional("resize") { fields, key in try fields.integers(key) } ?? []
    let longest = try fields.optional("longest") { fields, key in try fields.integer(key) }
    let borders = try fields.optional("borders") { fields, key in try fields.integer(key) }
    if borders != nil, sides.count != 2 {
      throw fields.error("“borders” needs a height and a width in “resize”")
    }
    let resize: Resize
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
    case (_, .some): throw fields.error("“longest” needs a single side in “resize”")
    default: throw fields.error("“resize” is one side, or height and width")
    }
    let interpolation = try fields.choice("interpolation", of: Interpolation.self) ?? .bilinear
    let crop = try fields.optional("crop") { fields, key in try fields.integers(key) }
    if let crop, crop.count != 2 { throw fields.error("“crop” is height and width") }
    let multiple = try fields.optional("multiple") { fields, key in try fields.integer(key) } ?? 1
    let channels = try fields.choice("channels", of: Channels.self) ?? .rgb
    let scale = Float(try fields.number("scale"))
    let mean = try fields.numbers("mean").map(Float.init)
    let std = try fields.numbers("std").map(Float.init)
    let standardizes =
      try fields.optional("standardize") { fields, key in try fields.bool(key) } ?? false
    if standardizes, multiple > 1 || interpolation == .sampled {
      throw fields.error("“standardize” cannot be combined with “multiple” or “sampled”")
    }
    let count = channels == .grey ? 1 : 3
    guard mean.count == count, std.count == count else {
      throw fields.error("“mean” and “std” need \(count) numbers for \(channels.rawValue)")
    }
    // A record may not ask for a larger picture than is allowed.
    guard (sides + (crop ?? []) + [longest ?? 1]).allSatisfy({ 1...65_536 ~= $0 }),
      1...1024 ~= multiple, (longest ?? 1) * sides.reduce(1, max) <= 1 << 26,
      [sides, crop ?? []].allSatisfy({ $0.reduce(1, *) <= 1 << 26 }),
      std.allSatisfy({ $0 > 0 && $0.isFinite }), mean.allSatisfy(\.isFinite), scale.isFinite
    else { throw fields.error("a size or a factor of the preprocessing is out of range") }
    try fields.finish()
    self.init(
      resize: resize, interpolation: interpolation,
      crop: crop.map { Window.Size($0[0], $0[1]) }, multiple: multiple, channels: channels,
      scale: scale, mean: mean, std: std, standardizes: standardizes)
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
