import ZooKit

/// A pattern of names for `zoo list`. A star matches anything; without a star, any part of the name
/// matches. Case is ignored.
struct Pattern {
  private let pieces: [String]

  init(_ text: String) {
    let text = text.lowercased()
    let whole = text.contains("*") ? text : "*\(text)*"
    pieces = whole.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
  }

  func matches(_ name: String) -> Bool {
    guard let first = pieces.first, let last = pieces.last else { return true }
    var rest = name.lowercased()[...]
    guard rest.hasPrefix(first) else { return false }
    rest.removeFirst(first.count)
    for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
      guard let range = rest.firstRange(of: piece) else { return false }
      rest = rest[range.upperBound...]
    }
    return rest.hasSuffix(last)
  }
}

/// One comparison of `--where`.
struct Condition {
  let field: String
  let comparison: String
  let value: String

  private static let fields = [
    "params", "macs", "top1", "top5", "mAP", "license", "task", "family", "variant", "name",
  ]

  static func all(in text: String) throws -> [Condition] {
    try text.split(separator: " ").map { word in
      guard let start = word.firstIndex(where: { "<>=!".contains($0) }) else {
        throw ZooError.usage("“\(word)” is not a condition such as params<10M")
      }
      let end = word[start...].firstIndex { !"<>=!".contains($0) } ?? word.endIndex
      let condition = Condition(
        field: String(word[..<start]), comparison: String(word[start..<end]),
        value: String(word[end...]))
      guard fields.contains(where: { $0.matches(condition.field) }) else {
        throw ZooError.usage(
          "--where has no field “\(condition.field)”" + suggestion(condition.field, among: fields)
            + "; the fields are \(fields.joined(separator: ", "))")
      }
      guard ["<", "<=", ">", ">=", "=", "==", "!="].contains(condition.comparison),
        !condition.value.isEmpty
      else { throw ZooError.usage("“\(word)” is not a condition such as params<10M") }
      return condition
    }
  }

  /// A model without the figure meets no condition on it.
  func holds(for listing: Listing) throws -> Bool {
    switch field.lowercased() {
    case "params": try compare(Double(listing.parameters))
    case "macs": try compare(Double(listing.macs))
    case "license": try compare(listing.license ?? "unknown")
    case "task": try compare(listing.task.rawValue)
    case "family": try compare(listing.family)
    case "variant": try compare(listing.variant)
    case "name": try compare(listing.name)
    default: try compare(listing.metrics.first { $0.name.matches(field) }?.value)
    }
  }

  private func compare(_ found: Double?) throws -> Bool {
    guard let wanted = number else {
      throw ZooError.usage("--where compares \(field) with a number, not with “\(value)”")
    }
    guard let found else { return false }
    return switch comparison {
    case "<": found < wanted
    case "<=": found <= wanted
    case ">": found > wanted
    case ">=": found >= wanted
    case "!=": found != wanted
    default: found == wanted
    }
  }

  private func compare(_ found: String) throws -> Bool {
    switch comparison {
    case "=", "==": return found.matches(value)
    case "!=": return !found.matches(value)
    default: throw ZooError.usage("--where compares \(field) with = or !=")
    }
  }

  /// The value as a number; `10M` is ten million.
  private var number: Double? {
    let units: [Character: Double] = ["K": 1e3, "M": 1e6, "G": 1e9]
    let unit = value.last.flatMap { units[Character($0.uppercased())] }
    guard let number = Double(unit == nil ? value[...] : value.dropLast()), number.isFinite else {
      return nil
    }
    return number * (unit ?? 1)
  }
}

extension String {
  /// Compares without regard to case.
  func matches(_ other: String) -> Bool { lowercased() == other.lowercased() }
}
