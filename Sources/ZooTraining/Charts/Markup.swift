/// HTML and SVG. Values in a literal are escaped, unless they are markup:
///
/// ```swift
/// let cell: Markup = "<td>\(name)</td>"
/// let row: Markup = "<tr>\(cell)</tr>"
/// ```
public struct Markup: ExpressibleByStringInterpolation, Sendable {
  /// What a page holds.
  public var text: String

  /// Markup as it is, without escaping.
  public init(stringLiteral text: String) { self.text = text }
  public init(stringInterpolation parts: Parts) { text = parts.text }

  /// Several parts, one after the other.
  public init(joining parts: [Markup]) { self = "\(parts)" }

  /// Escaped text.
  public init(words: String) { self = "\(words)" }

  /// The pieces of a literal.
  public struct Parts: StringInterpolationProtocol {
    public var text = ""

    public init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity)
    }
    public mutating func appendLiteral(_ literal: String) { text += literal }
    public mutating func appendInterpolation(_ markup: Markup) { text += markup.text }
    public mutating func appendInterpolation(_ parts: [Markup]) {
      for part in parts { text += part.text }
    }
    public mutating func appendInterpolation(_ number: Int) { text += "\(number)" }

    public mutating func appendInterpolation(_ words: String) {
      for character in words.unicodeScalars {
        switch character {
        case "&": text += "&amp;"
        case "<": text += "&lt;"
        case ">": text += "&gt;"
        case "\"": text += "&quot;"
        // HTML does not allow control characters.
        case ..<" " where character != "\n": text += "\u{FFFD}"
        default: text.unicodeScalars.append(character)
        }
      }
    }
  }
}
