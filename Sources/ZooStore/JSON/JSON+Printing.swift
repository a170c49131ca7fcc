extension JSON {
  /// The value as JSON text; `pretty` puts members on separate lines, and short lists on one.
  public func text(pretty: Bool = false) -> String {
    var text = ""
    write(into: &text, indent: pretty ? 0 : nil)
    return text
  }

  private func write(into text: inout String, indent: Int?) {
    switch content {
    case .null: text += "null"
    case .bool(let flag): text += flag ? "true" : "false"
    case .integer(let number): text += String(number)
    case .number(let number): text += number.isFinite ? JSON.digits(number) : "null"
    case .string(let string): JSON.quote(string, into: &text)
    case .array(let items):
      let lines = items.contains { $0.isContainer } ? indent : nil
      JSON.list(items, "[", "]", &text, lines, spaced: indent != nil) {
        $0.write(into: &$1, indent: $2)
      }
    case .object(let members):
      JSON.list(members, "{", "}", &text, indent, spaced: indent != nil) { member, text, indent in
        JSON.quote(member.key, into: &text)
        text += indent == nil ? ":" : ": "
        member.value.write(into: &text, indent: indent)
      }
    }
  }

  private var isContainer: Bool {
    switch content {
    case .array(let items): !items.isEmpty
    case .object: true
    default: false
    }
  }

  private static func list<Item>(
    _ items: [Item], _ open: String, _ close: String, _ text: inout String, _ indent: Int?,
    spaced: Bool, _ write: (Item, inout String, Int?) -> Void
  ) {
    let inner = indent.map { $0 + 1 }
    text += open
    for (index, item) in items.enumerated() {
      if index > 0 { text += spaced && indent == nil ? ", " : "," }
      if let inner { text += "\n" + String(repeating: "  ", count: inner) }
      write(item, &text, inner)
    }
    if let indent, !items.isEmpty { text += "\n" + String(repeating: "  ", count: indent) }
    text += close
  }

  /// `1` instead of `1.0` would change the type when read back; `1e-05` stays `1e-05`.
  private static func digits(_ number: Double) -> String { "\(number)" }

  private static func quote(_ string: String, into text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\0"..<" ":
        let code = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - code.count) + code
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
