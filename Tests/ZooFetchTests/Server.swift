import Foundation
import Synchronization

/// A small HTTP server on the loopback interface that can also misbehave.
final class Server: Sendable {
  typealias Answer = @Sendable (Request) -> Reply

  struct Request: Sendable {
    let path: String
    let headers: [String: String]

    /// The first byte of `Range: bytes=N-`.
    var start: Int? {
      headers["range"].flatMap { Int($0.dropFirst("bytes=".count).dropLast()) }
    }
  }

  struct Reply: Sendable {
    var status = 200
    var headers: [(String, String)] = []
    var body: [UInt8] = []
    /// The value of Content-Length; nil sends none, and the body ends with the connection.
    var length: Int?
    /// Closes after this many bytes.
    var cut = Int.max
    /// Sleeps this long before the body.
    var stall = 0.0

    init(status: Int = 200, _ body: [UInt8] = []) {
      self.status = status
      self.body = body
      length = body.count
    }
  }

  let port: UInt16
  private let listener: Int32
  private let seen = Mutex<[Request]>([])
  private let answer: Answer

  var requests: [Request] { seen.withLock { $0 } }
  func url(_ path: String = "/file") -> String { "http://127.0.0.1:\(port)\(path)" }

  init(_ answer: @escaping Answer) {
    self.answer = answer
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let port = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        guard bind(listener, generic, size) == 0, listen(listener, 64) == 0,
          getsockname(listener, generic, &size) == 0
        else { fatalError("no loopback") }
      }
      return UInt16(bigEndian: pointer.pointee.sin_port)
    }
    self.port = port
    Thread.detachNewThread { [self] in
      while case let connection = accept(listener, nil, nil), connection >= 0 {
        Thread.detachNewThread { [self] in serve(connection) }
      }
      // Closed by the accepting thread; otherwise the next server could get this descriptor before
      // the thread looks again.
      close(listener)
    }
  }

  /// Wakes the accepting thread, which then ends.
  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  private func serve(_ connection: Int32) {
    defer { close(connection) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !text.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      let got = read(connection, &buffer, buffer.count)
      guard got > 0 else { return }
      text += buffer[..<got]
    }
    let lines = String(decoding: text, as: UTF8.self).components(separatedBy: "\r\n")
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] =
        line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    let request = Request(path: String(lines[0].split(separator: " ")[1]), headers: headers)
    seen.withLock { $0.append(request) }
    let reply = answer(request)
    var head = "HTTP/1.1 \(reply.status) Whatever\r\nConnection: close\r\n"
    if let length = reply.length { head += "Content-Length: \(length)\r\n" }
    for (name, value) in reply.headers { head += "\(name): \(value)\r\n" }
    send(Array((head + "\r\n").utf8)[...], to: connection)
    if reply.stall > 0 { Thread.sleep(forTimeInterval: reply.stall) }
    send(reply.body.prefix(reply.cut), to: connection)
    shutdown(connection, Int32(SHUT_WR))
  }

  private func send(_ bytes: ArraySlice<UInt8>, to connection: Int32) {
    var rest = bytes
    while !rest.isEmpty {
      let sent = rest.withUnsafeBytes {
        Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard sent > 0 else { return }
      rest = rest.dropFirst(sent)
    }
  }
}

extension Server {
  /// Serves ranges correctly, with a strong ETag.
  static func good(_ bytes: [UInt8], tag: String = "\"v1\"") -> Answer {
    { request in
      guard let start = request.start, start < bytes.count, request.headers["if-range"] == tag
      else {
        var reply = Reply(bytes)
        reply.headers = [("ETag", tag)]
        return reply
      }
      var reply = Reply(status: 206, Array(bytes[start...]))
      reply.headers = [
        ("ETag", tag), ("Content-Range", "bytes \(start)-\(bytes.count - 1)/\(bytes.count)"),
      ]
      return reply
    }
  }

  /// The same, cut off after this many bytes of the first answer.
  static func cutting(_ bytes: [UInt8], after count: Int, tag: String = "\"v1\"")
    -> Answer
  {
    { request in
      var reply = good(bytes, tag: tag)(request)
      if request.start == nil { reply.cut = count }
      return reply
    }
  }
}
