extension String {
  /// Safe for one line of a terminal: names from files and the command line may contain control
  /// sequences, and paths bytes that are no text.
  package var printable: String {
    var text = ""
    for scalar in unicodeScalars {
      if let byte = scalar.pathByte {
        text += "\\x" + String(byte, radix: 16)
      } else {
        text.unicodeScalars.append(scalar.properties.isPrintable ? scalar : "?")
      }
    }
    return text
  }
}

extension Unicode.Scalar.Properties {
  fileprivate var isPrintable: Bool {
    switch generalCategory {
    case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator: false
    default: true
    }
  }
}
