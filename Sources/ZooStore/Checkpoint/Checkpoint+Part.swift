import ZooKit

extension Checkpoint {
  /// A part of the data of a training, by the digests of its pictures: so that an evaluation knows
  /// which pictures were learned from, wherever they lie now and whatever they are called.
  public struct Part: Sendable {
    public enum Name: String, Sendable, CaseIterable {
      /// The weights were fitted to these pictures.
      case train
      /// They chose the best epoch.
      case val
      /// They were kept from both.
      case test
      /// The weights from which the training started were fitted to these.
      case base
    }

    public var name: Name
    /// Where they are from: “ants-and-bees (49 of 244 pictures, held out)”.
    public var data: String
    /// In rising order, 48 bits each.
    public let digests: [UInt64]

    public init(_ name: Name, of data: String, digests: some Sequence<UInt64>) {
      self.name = name
      self.data = data
      self.digests = digests.sorted()
    }
  }
}

extension Checkpoint.Training {
  /// The digests of a part; empty if the record has no such part.
  public func digests(of name: Checkpoint.Part.Name) -> Set<UInt64> {
    Set(parts.filter { $0.name == name }.flatMap(\.digests))
  }

  /// The digests of all pictures that the weights have been fitted to.
  public var learned: Set<UInt64> { digests(of: .train).union(digests(of: .base)) }

  /// The record without digests, for people.
  public var summary: JSON {
    var short = self
    short.parts = []
    guard !parts.isEmpty, case .object(let members) = short.json.content else { return json }
    let listed = parts.map { part -> JSON in
      [
        "name": JSON(part.name.rawValue), "data": JSON(part.data),
        "pictures": JSON(part.digests.count),
      ]
    }
    return JSON(.object(members + [("parts", JSON(listed))]))
  }
}

extension Checkpoint.Part {
  private static let digits = 12

  init(_ json: JSON, in origin: String) throws {
    var fields = try Fields(json, of: "a part of the data", in: origin)
    guard let name = try fields.choice("name", of: Name.self) else {
      throw fields.error("a part of the data has no “name”")
    }
    self.name = name
    data = try fields.text("data")
    let text = Array(try fields.string("digests", most: .max).utf8)
    guard text.count % Self.digits == 0 else {
      throw fields.error("“digests” has \(text.count) digits, a multiple of 12 was expected")
    }
    digests = try stride(from: 0, to: text.count, by: Self.digits).map { start in
      try text[start..<start + Self.digits].reduce(UInt64(0)) { number, digit in
        guard let value = Self.value(of: digit) else {
          throw fields.error("“digests” has other characters than 0 to 9 and a to f")
        }
        return number << 4 | value
      }
    }
    try fields.finish()
  }

  var json: JSON {
    let alphabet = Array("0123456789abcdef".utf8)
    let text = digests.flatMap { digest in
      stride(from: 4 * (Self.digits - 1), through: 0, by: -4).map {
        alphabet[Int(digest >> UInt64($0) & 15)]
      }
    }
    return [
      "name": JSON(name.rawValue), "data": JSON(data),
      "digests": JSON(String(decoding: text, as: UTF8.self)),
    ]
  }

  private static func value(of digit: UInt8) -> UInt64? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(digit - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(digit - UInt8(ascii: "a")) + 10
    default: nil
    }
  }
}
