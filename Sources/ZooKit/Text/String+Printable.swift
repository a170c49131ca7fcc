extension String {
  /// Fit for one line of a terminal, whoever wrote it: names from files and from the command line
  /// may hold sequences that a terminal obeys.
  package var printable: String {
    String(String.UnicodeScalarView(unicodeScalars.map { $0.properties.isPrintable ? $0 : "?" }))
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
