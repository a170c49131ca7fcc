import ModelZoo

/// Pictures embedded in the page, so that it needs no other file.
extension Markup {
  static func image(png: [UInt8], alt: String, kind: String) -> Markup {
    "<img class=\"\(kind)\" alt=\"\(alt)\" src=\"data:image/png;base64,\(base64(png))\"/>"
  }

  static func image(contentsOf path: String, alt: String, kind: String) throws -> Markup {
    let file = try RandomAccessFile(path)
    let bytes = try file.read(at: 0, count: file.size)
    guard bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) else {
      throw ZooError.corrupt("\(path) is no PNG")
    }
    return .image(png: Array(bytes), alt: alt, kind: kind)
  }
}

/// RFC 4648: three bytes become four characters, padded with `=` at the end.
func base64(_ bytes: [UInt8]) -> String {
  let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var text: [UInt8] = []
  text.reserveCapacity(bytes.count / 3 * 4 + 4)
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = bytes[start..<min(start + 3, bytes.count)]
    let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
    for place in 0...3 {
      text.append(
        place <= group.count ? letters[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
    }
  }
  return String(decoding: text, as: UTF8.self)
}
