import ZooKit

extension JSON {
  /// Parses one value, with nothing after it; see `JSONScanner`.
  /// - Parameters:
  ///   - text: the text, in UTF-8.
  ///   - origin: where it comes from, for errors.
  ///   - most: the largest number of values in it.
  public init(parsing text: some Sequence<UInt8>, origin: String, most: Int = .max) throws {
    var scanner = JSONScanner(Array(text), origin: origin, most: most)
    self = try scanner.value()
    try scanner.end()
  }

  public init(parsing text: String, origin: String) throws {
    try self.init(parsing: text.utf8, origin: origin)
  }
}
