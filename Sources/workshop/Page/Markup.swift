/// HTML and SVG. Values in a literal are escaped, unless they are markup:
///
/// ```swift
/// let cell: Markup = "<td>\(name)</td>"
/// let row: Markup = "<tr>\(cell)</tr>"
/// ```
struct Markup: ExpressibleByStringInterpolation {
  var text: String

  init(stringLiteral text: String) { self.text = text }
  init(stringInterpolation parts: Parts) { text = parts.text }

  struct Parts: StringInterpolationProtocol {
    var text = ""

    init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }
    mutating func appendLiteral(_ literal: String) { text += literal }
    mutating func appendInterpolation(_ markup: Markup) { text += markup.text }
    mutating func appendInterpolation(_ parts: [Markup]) { for part in parts { text += part.text } }
    mutating func appendInterpolation(_ number: Int) { text += "\(number)" }

    mutating func appendInterpolation(_ words: String) {
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
