import ZooKit

/// The source of a file. Only https and local files are allowed.
struct Address: Sendable {
  enum Scheme: Sendable { case https, http, file }

  let scheme: Scheme
  let text: String
  /// The file's path; empty for https.
  let path: String

  /// - Parameter plainHTTP: also allows http, but only to this machine, for the tests' own server.
  init(_ text: String, plainHTTP: Bool = false) throws {
    self.text = text
    let bytes = text.utf8
    guard bytes.count <= 4000, bytes.allSatisfy({ 0x21...0x7E ~= $0 }),
      let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://")
    else { throw ZooError.usage("\(text) is not an address that can be fetched") }
    let rest = text[text.index(colon, offsetBy: 3)...]
    let authority = rest.prefix { !"/?#\\".contains($0) }
    switch text[..<colon].lowercased() {
    case "https" where !authority.isEmpty && !authority.contains("@"):
      (scheme, path) = (.https, "")
    case "http" where plainHTTP && Address.isLoopback(authority):
      (scheme, path) = (.http, "")
    case "file" where authority.isEmpty || authority == "localhost":
      guard let path = Address.decoded(rest.dropFirst(authority.count)), path.hasPrefix("/") else {
        throw ZooError.usage("\(text) is not the address of a file")
      }
      (scheme, self.path) = (.file, path)
    default:
      throw ZooError.usage("\(text) is not fetched: only https and file addresses are")
    }
  }

  private static func isLoopback(_ authority: Substring) -> Bool {
    let host =
      authority.hasPrefix("[") ? authority.prefix { $0 != "]" } : authority.prefix { $0 != ":" }
    return ["127.0.0.1", "localhost", "[::1"].contains(host)
  }

  /// Decodes `%20` to a space; nil if an escape or the encoding is invalid, or a byte is NUL.
  private static func decoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let digits = rest.prefix(2)
      guard digits.count == 2, digits.first != UInt8(ascii: "+"),
        let code = UInt8(Substring(digits), radix: 16), code != 0
      else { return nil }
      bytes.append(code)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
