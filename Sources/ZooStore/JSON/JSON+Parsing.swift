import ZooKit

extension JSON {
  /// Parses one value, with nothing after it; see `JSONScanner`.
  public init(parsing text: some Sequence<UInt8>, origin: String) throws {
    var scanner = JSONScanner(Array(text), origin: origin)
    self = try scanner.value()
    try scanner.end()
  }

  public init(parsing text: String, origin: String) throws {
    try self.init(parsing: text.utf8, origin: origin)
  }
}
