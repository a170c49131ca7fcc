import ZooKit
import ZooStore
import ZooTraining
import ZooVision

/// Pictures inside a page, so that it needs no other file.
extension Markup {
  /// A thumbnail. Photos are JPEG; small pictures are PNG, and their pixels stay sharp.
  /// - Parameters:
  ///   - picture: of any size.
  ///   - alt: what it shows, for those who cannot see it.
  ///   - longest: the most pixels of its longer side.
  package static func image(_ picture: Picture, alt: String, longest: Int = 240) throws -> Markup {
    let small = try picture.shrunk(to: longest)
    let isTiny = max(small.width, small.height) <= 64
    return try isTiny
      ? image(small.png, type: "png", alt: alt, small, kind: "pixels")
      : image(small.jpeg(), type: "jpeg", alt: alt, small, kind: "photo")
  }

  private static func image(
    _ bytes: [UInt8], type: String, alt: String, _ picture: Picture, kind: String
  ) -> Markup {
    """
    <img class="\(kind)" alt="\(alt)" width="\(picture.width)" height="\(picture.height)" \
    src="data:image/\(type);base64,\(base64(bytes))"/>
    """
  }
}

/// RFC 4648: three bytes become four characters, padded with `=` at the end.
package func base64(_ bytes: [UInt8]) -> String {
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
