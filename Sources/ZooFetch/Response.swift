/// The head of an HTTP answer: its status and the header fields used here.
struct Response {
  private(set) var status = 0
  private(set) var headers: [String: String] = [:]
  /// Whether the empty line after the last header was received.
  private(set) var isComplete = false

  mutating func add(_ line: String) {
    let line = line.prefix { !$0.isNewline }
    if line.hasPrefix("HTTP/") {
      // A new answer: the previous one was a 100 Continue.
      self = Response()
      status = Int(line.drop { $0 != " " }.dropFirst().prefix(3)) ?? 0
    } else if line.isEmpty {
      isComplete = status >= 200
    } else if let colon = line.firstIndex(of: ":"), headers.count < 200 {
      let value = line[line.index(after: colon)...]
      headers[line[..<colon].lowercased()] = String(value.trimmed)
    }
  }

  /// Identifies this version of the file: a strong ETag, else its modification date.
  var validator: String? {
    if let tag = headers["etag"] { return tag.hasPrefix("\"") ? tag : nil }
    return headers["last-modified"]
  }

  /// `bytes 200-1023/1024`.
  var range: (start: Int, total: Int?)? {
    guard let text = headers["content-range"], text.hasPrefix("bytes ") else { return nil }
    let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let start = Int(parts[0].prefix { $0 != "-" }), start >= 0 else {
      return nil
    }
    return (start, Int(parts[1]))
  }

  /// The announced length of the body.
  var length: Int? { headers["content-length"].flatMap { Int($0) }.flatMap { $0 < 0 ? nil : $0 } }
}

extension Substring {
  fileprivate var trimmed: Substring {
    var text = drop { $0 == " " || $0 == "\t" }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return text
  }
}
