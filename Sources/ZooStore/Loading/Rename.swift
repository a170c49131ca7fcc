import ZooKit

/// Maps names of one framework to those of another: a pattern for each side.
///
/// `*` matches at least one character without dots; the matched texts fill the stars of the other
/// side in order. A pattern without a final star also matches as a prefix, up to a dot:
///
/// ```swift
/// try Rename(from: "conv2_block*_1_bn.*", to: "features.denseblock1.denselayer*.norm2.*")
/// try Rename(from: "predictions", to: "classifier")       // predictions.bias → classifier.bias
/// ```
public struct Rename: Hashable, Sendable {
  public let from: String
  public let to: String

  public init(from: String, to: String) throws {
    func stars(_ pattern: String) -> Int { pattern.utf8.count { $0 == UInt8(ascii: "*") } }
    guard stars(from) == stars(to), stars(from) <= 8 else {
      throw ZooError.corrupt(
        "the rename “\(from)” to “\(to)” needs the same number of stars on both sides, at most 8")
    }
    self.init(valid: from, to)
  }

  private init(valid from: String, _ to: String) { (self.from, self.to) = (from, to) }

  public init(_ json: JSON, in origin: String) throws {
    var fields = try Fields(json, of: "rename", in: origin)
    let from = try fields.string("from")
    let to = try fields.string("to")
    try fields.finish()
    do { try self.init(from: from, to: to) } catch let error as ZooError {
      throw fields.error(error.message)
    }
  }

  public var json: JSON { ["from": JSON(from), "to": JSON(to)] }

  /// The inverse rename.
  public var inverted: Rename { Rename(valid: to, from) }

  /// The new name; nil if the pattern does not match.
  public func applied(to name: String) -> String? {
    let name = Array(name.utf8)
    guard let match = Rename.match(Array(from.utf8)[...], name[...]) else { return nil }
    var runs = match.runs[...]
    var renamed: [UInt8] = []
    for byte in to.utf8 {
      if byte == UInt8(ascii: "*") {
        renamed += runs.popFirst() ?? []
      } else {
        renamed.append(byte)
      }
    }
    var rest = match.rest
    let dot = UInt8(ascii: ".")
    if renamed.isEmpty, rest.first == dot { rest = rest.dropFirst() }
    if from.isEmpty, !renamed.isEmpty { renamed.append(dot) }
    return String(decoding: renamed + rest, as: UTF8.self)
  }

  /// Tries the shortest matches first; the recursion is as deep as the pattern has stars.
  private static func match(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>)
    -> (runs: [ArraySlice<UInt8>], rest: ArraySlice<UInt8>)?
  {
    let literal = pattern.prefix { $0 != UInt8(ascii: "*") }
    guard name.starts(with: literal) else { return nil }
    let name = name.dropFirst(literal.count)
    let pattern = pattern.dropFirst(literal.count)
    guard !pattern.isEmpty else {
      let isWhole = name.isEmpty || name.first == UInt8(ascii: ".") || literal.isEmpty
      return isWhole ? ([], name) : nil
    }
    let longest = name.prefix { $0 != UInt8(ascii: ".") }.count
    for length in stride(from: 1, through: longest, by: 1) {
      let run = name.prefix(length)
      if let (runs, rest) = match(pattern.dropFirst(), name.dropFirst(length)) {
        return ([run] + runs, rest)
      }
    }
    return nil
  }
}

extension [Rename] {
  public var inverted: [Rename] { map(\.inverted) }

  /// The possible names: those of matching renames in order, then the name itself.
  public func candidates(for name: String) -> [String] {
    compactMap { $0.applied(to: name) } + [name]
  }
}
