import CTransfer
import Glibc
import ZooKit

/// One HTTP request. It follows redirects itself, so that each one obeys the same rules.
package struct Transfer: Sendable {
  /// Also allows http, but only to this machine, for the tests' own server.
  package var plainHTTP = false
  package var connectSeconds = 20.0
  /// How long a server may send almost nothing.
  package var stallSeconds = 30

  private static let mostRedirects = 5

  /// Whether the body was complete.
  enum Ending {
    case whole
    case cutOff(String)
  }

  /// - Parameters:
  ///   - head: called once, before the first byte of the body; not for redirects.
  ///   - body: called for each piece. An error thrown by either ends the transfer and is rethrown
  ///     here.
  func get(
    _ address: Address, range: String? = nil, ifRange: String? = nil,
    head: (Response) throws -> Void, body: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> Ending {
    var address = address
    for _ in 0...Transfer.mostRedirects {
      let answer = try withoutActuallyEscaping(head) { head in
        try withoutActuallyEscaping(body) { body in
          try one(Receiver(head: head, body: body), address, range, ifRange)
        }
      }
      switch answer {
      case .ended(let ending): return ending
      case .redirected(let next):
        let origin = address
        do {
          address = try Address(next, plainHTTP: plainHTTP && origin.scheme == .http)
          guard address.scheme != .file else { throw ZooError.usage("a file") }
        } catch {
          throw ZooError.unavailable("\(origin.text) redirects to \(next), which is not allowed")
        }
      }
    }
    throw ZooError.unavailable(
      "\(address.text): more than \(Transfer.mostRedirects) redirects")
  }

  private enum Answer {
    case ended(Ending)
    case redirected(String)
  }

  private func one(
    _ receiver: Receiver, _ address: Address, _ range: String?, _ ifRange: String?
  ) throws -> Answer {
    var answer = ZooTransferAnswer()
    defer {
      free(answer.redirect)
      free(answer.message)
    }
    withCString(address.text) { url in
      withCString(range) { range in
        withCString(ifRange.map { "If-Range: \($0)" }) { header in
          var request = ZooTransferRequest()
          request.url = url
          request.range = range
          request.header = header
          request.plain_http = plainHTTP ? 1 : 0
          request.connect_timeout_ms = Int(connectSeconds * 1000)
          request.stall_seconds = stallSeconds
          request.context = Unmanaged.passUnretained(receiver).toOpaque()
          request.on_header = { context, line, count in
            Receiver.at(context)?.header(.init(start: line, count: count)) ?? 1
          }
          request.on_body = { context, bytes, count in
            Receiver.at(context)?.body(.init(start: bytes, count: count)) ?? 1
          }
          withCString("zoo") { agent in
            request.user_agent = agent
            withExtendedLifetime(receiver) { zoo_transfer(&request, &answer) }
          }
        }
      }
    }
    if let failure = receiver.failure { throw failure }
    let message = answer.message.map { String(cString: $0) } ?? "out of memory"
    switch answer.outcome {
    case zoo_transfer_no_library:
      throw ZooError.unavailable(
        "downloading needs libcurl, which is not installed; on Debian: apt-get install libcurl4")
    case zoo_transfer_done:
      guard receiver.response.isRedirect else { return .ended(.whole) }
      guard let redirect = answer.redirect else {
        throw ZooError.unavailable("\(address.text) redirects without an address")
      }
      return .redirected(String(cString: redirect))
    case zoo_transfer_cut_off: return .ended(.cutOff(message))
    default:
      guard receiver.started else {
        throw ZooError.unavailable("\(address.text): \(message)")
      }
      return .ended(.cutOff(message))
    }
  }
}

/// The target of libcurl's callbacks, which pass a pointer and cannot throw.
private final class Receiver {
  private(set) var response = Response()
  private(set) var failure: (any Error)?
  private(set) var started = false
  private var ignored = 0
  private let onHead: (Response) throws -> Void
  private let onBody: (UnsafeRawBufferPointer) throws -> Void

  init(
    head: @escaping (Response) throws -> Void,
    body: @escaping (UnsafeRawBufferPointer) throws -> Void
  ) {
    (onHead, onBody) = (head, body)
  }

  static func at(_ context: UnsafeMutableRawPointer?) -> Receiver? {
    context.map { Unmanaged<Receiver>.fromOpaque($0).takeUnretainedValue() }
  }

  func header(_ line: UnsafeRawBufferPointer) -> Int32 {
    guard line.count <= 16_384 else { return 0 }
    response.add(String(decoding: line, as: UTF8.self))
    guard response.isComplete, !response.isRedirect else { return 0 }
    started = true
    return keeping { try onHead(response) }
  }

  func body(_ bytes: UnsafeRawBufferPointer) -> Int32 {
    guard !response.isRedirect else {
      // The body of a redirect, a page for people; a long one is never needed.
      ignored += bytes.count
      return ignored > 1 << 20 ? 1 : 0
    }
    return keeping { try onBody(bytes) }
  }

  private func keeping(_ work: () throws -> Void) -> Int32 {
    do {
      try work()
      return 0
    } catch {
      failure = error
      return 1
    }
  }
}

extension Response {
  fileprivate var isRedirect: Bool { [301, 302, 303, 307, 308].contains(status) }
}

private func withCString<R>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> R) -> R {
  guard let text else { return body(nil) }
  return text.withCString(body)
}
