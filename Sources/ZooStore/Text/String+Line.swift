extension String {
  /// A message as one line of a terminal: every error and remark passes through here before it is
  /// shown. Names from hostile files may be megabytes long, so each word and each quoted text is cut
  /// in the middle.
  package var line: String {
    var line = String.UnicodeScalarView()
    var rest = Substring(self).unicodeScalars
    // A message quotes few names; without a closing mark, the rest counts as one quotation.
    while let first = rest.first {
      let isQuoted = first == "“"
      let end =
        isQuoted
        ? rest.firstIndex(of: "”") ?? rest.endIndex
        : rest.dropFirst().firstIndex { $0 == "“" || $0.properties.isWhitespace } ?? rest.endIndex
      line.append(contentsOf: rest[..<end].shortened)
      rest = rest[end...]
    }
    return String(line).replacingNewlines.printable
  }

  private var replacingNewlines: String {
    split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}

extension Substring.UnicodeScalarView {
  /// At most this number of characters of a name are shown.
  private static let most = 120

  fileprivate var shortened: [Unicode.Scalar] {
    let most = Self.most
    guard dropFirst(most).first != nil else { return Array(self) }
    return Array(prefix(most * 2 / 3)) + ["…"] + Array(suffix(most - most * 2 / 3 - 1))
  }
}
