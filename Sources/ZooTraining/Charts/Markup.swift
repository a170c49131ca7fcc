/// HTML and SVG. Values in a literal are escaped, unless they are markup:
///
/// ```swift
/// let cell: Markup = "<td>\(name)</td>"
/// let row: Markup = "<tr>\(cell)</tr>"
/// ```
package struct Markup: ExpressibleByStringInterpolation {
  package var text: String

  package init(stringLiteral text: String) { self.text = text }
  package init(stringInterpolation parts: Parts) { text = parts.text }

  package struct Parts: StringInterpolationProtocol {
    package var text = ""

    package init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity)
    }
    package mutating func appendLiteral(_ literal: String) { text += literal }
    package mutating func appendInterpolation(_ markup: Markup) { text += markup.text }
    package mutating func appendInterpolation(_ parts: [Markup]) {
      for part in parts { text += part.text }
    }
    package mutating func appendInterpolation(_ number: Int) { text += "\(number)" }

    package mutating func appendInterpolation(_ words: String) {
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
