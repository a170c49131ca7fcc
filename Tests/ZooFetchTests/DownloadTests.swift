import Foundation
import Synchronization
import Testing
import ZooFetch
import ZooKit

@Suite struct DownloadTests {
  let folder = Folder()
  var path: String { "\(folder.path)/file" }

  func serving(_ answer: @escaping Server.Answer, _ test: (Server) throws -> Void) throws {
    let server = Server(answer)
    defer { server.stop() }
    try test(server)
  }

  @Test func aFileComesWhole() throws {
    try serving(Server.good(Sample.bytes)) { server in
      var last = 0
      let receipt = try Download.test(server.url(), to: path).run { done, total in
        #expect(done >= last && total == Sample.bytes.count)
        last = done
      }
      #expect(last == Sample.bytes.count)
      #expect(receipt.sha256 == Sample.sha256)
      #expect(receipt.size == Sample.bytes.count)
      #expect(!receipt.wasHere)
      #expect(bytes(of: path) == Sample.bytes)
      #expect(folder.files == ["file"])

      let again = try Download.test(server.url(), to: path).run()
      #expect(again.wasHere && again.sha256 == Sample.sha256)
      #expect(server.requests.count == 1)
    }
  }

  @Test func whateverWasPublishedIsChecked() throws {
    try serving(Server.good(Sample.bytes)) { server in
      for digest in [Digest.md5(Sample.md5), .sha256Prefix(String(Sample.sha256.prefix(8)))] {
        let receipt = try Download.test(server.url(), to: path, digest, size: nil).run()
        #expect(receipt.checked == digest)
        #expect(receipt.sha256 == Sample.sha256)
        unlink(path)
      }
      for digest in [Digest.md5(String(repeating: "0", count: 32)), .sha256Prefix("01234567")] {
        let error = failure { try Download.test(server.url(), to: path, digest).run() }
        #expect(error.kind == .corrupt)
        #expect(error.message.contains("expected \(digest.digits)"))
        #expect(folder.files == [])
      }
      #expect(
        failure { try Download.test(server.url(), to: path, .sha256("AB")).run() }.kind == .failure)
    }
  }

  @Test func aBrokenConnectionIsContinued() throws {
    try serving(Server.cutting(Sample.bytes, after: 100_000)) { server in
      let error = failure { try Download.test(server.url(), to: path).run() }
      #expect(error.kind == .unavailable)
      #expect(error.message.contains("got 100.0 of 300.0 kB"), "\(error)")
      #expect(folder.files == ["file.part", "file.part.json"])

      let receipt = try Download.test(server.url(), to: path).run()
      #expect(receipt.sha256 == Sample.sha256)
      #expect(bytes(of: path) == Sample.bytes)
      #expect(folder.files == ["file"])
      #expect(server.requests.map(\.start) == [nil, 100_000])
      #expect(server.requests[1].headers["if-range"] == "\"v1\"")
    }
  }

  @Test(arguments: ["ignores", "changed", "elsewhere", "416", "garbage"])
  func aServerThatCannotContinueStartsOver(_ way: String) throws {
    let bytes = Sample.bytes
    let broken = Mutex(false)
    let answer: Server.Answer = { request in
      if broken.withLock({
        let was = $0
        $0 = true
        return !was
      }) {
        return Server.cutting(way == "changed" ? Array(bytes.reversed()) : bytes, after: 50_000)(
          request)
      }
      guard request.start != nil else { return Server.good(bytes)(request) }
      switch way {
      case "ignores": return Server.Reply(bytes)
      case "changed": return Server.good(bytes, tag: "\"v2\"")(request)
      case "416": return Server.Reply(status: 416)
      default:
        var reply = Server.Reply(status: 206, Array(bytes[40_000...]))
        let range = way == "garbage" ? "bytes --9/x" : "bytes 40000-299999/300000"
        reply.headers = [("Content-Range", range)]
        return reply
      }
    }
    try serving(answer) { server in
      #expect(failure { try Download.test(server.url(), to: path).run() }.kind == .unavailable)
      _ = try Download.test(server.url(), to: path).run()
      #expect(ZooFetchTests.bytes(of: path) == bytes)
      #expect(folder.files == ["file"])
    }
  }

  @Test(arguments: ["no note", "another address", "weak tag", "damaged note"])
  func aPartOfUnknownOriginIsNotContinued(_ way: String) throws {
    folder.write(Array(Sample.bytes[..<1000]), to: "file.part")
    switch way {
    case "another address":
      folder.write(
        Array(#"{"url": "https://elsewhere/", "validator": "\"v1\""}"#.utf8), to: "file.part.json")
    case "damaged note": folder.write([0x7B, 0xFF, 0x00], to: "file.part.json")
    default: break
    }
    try serving(Server.good(Sample.bytes, tag: way == "weak tag" ? "W/\"v1\"" : "\"v1\"")) {
      server in
      _ = try Download.test(server.url(), to: path).run()
      #expect(server.requests.map(\.start) == [nil])
      #expect(folder.files == ["file"])
    }
  }

  @Test func aWholePartNeedsNoServer() throws {
    try serving(Server.cutting(Sample.bytes, after: Sample.bytes.count)) { server in
      folder.write(Sample.bytes, to: "file.part")
      folder.write(
        Array(#"{"url": "\#(server.url())", "validator": "x"}"#.utf8), to: "file.part.json")
      _ = try Download.test(server.url(), to: path).run()
      #expect(server.requests.isEmpty)
      #expect(bytes(of: path) == Sample.bytes)
    }
  }

  @Test(arguments: [nil, 300_000])
  func aFlippedBitIsFound(_ size: Int?) throws {
    var wrong = Sample.bytes
    wrong[123_456] ^= 4
    try serving(Server.good(wrong)) { server in
      let error = failure { try Download.test(server.url(), to: path, size: size).run() }
      #expect(error.kind == .corrupt)
      #expect(error.message.contains(Sample.sha256))
      #expect(error.message.contains(Coreutils.digest("sha256sum", wrong)))
      #expect(folder.files == [])
    }
  }

  /// The announced size, the sent size, the catalogue's size, and the outcome.
  @Test(
    arguments: [
      (400_000, 300_000, nil, ZooError.Kind.unavailable), (400_000, 300_000, 300_000, .corrupt),
      (200_000, 300_000, nil, .corrupt), (200_000, 300_000, 300_000, .corrupt),
      (nil, 200_000, 300_000, .unavailable), (nil, 300_001, 300_000, .corrupt),
      (nil, 200_000, nil, .corrupt), (0, 0, nil, .corrupt),
    ] as [(Int?, Int, Int?, ZooError.Kind)])
  func lengthsThatLie(_ announced: Int?, _ sent: Int, _ expected: Int?, _ kind: ZooError.Kind)
    throws
  {
    let answer: Server.Answer = { _ in
      var reply = Server.Reply(Array((Sample.bytes + [0]).prefix(sent)))
      reply.length = announced
      return reply
    }
    try serving(answer) { server in
      let error = failure { try Download.test(server.url(), to: path, size: expected).run() }
      #expect(error.kind == kind, "\(error)")
      #expect(!folder.files.contains("file"))
    }
  }

  @Test(arguments: [401, 403, 404, 500, 503, 204, 206])
  func statusesAreNamed(_ status: Int) throws {
    let answer: Server.Answer = { _ in Server.Reply(status: status, Array("a page".utf8)) }
    try serving(answer) { server in
      let error = failure { try Download.test(server.url(), to: path).run() }
      #expect(error.kind == .unavailable)
      #expect(folder.files == [])
      #expect(status == 206 || error.message.contains("answered \(status)"), "\(error)")
    }
  }

  @Test func redirectsAreFollowedAFewTimes() throws {
    // /5 redirects to /4 … to /0, the file.
    let answer: Server.Answer = { request in
      guard let left = Int(request.path.dropFirst()), left > 0 else {
        return Server.good(Sample.bytes)(request)
      }
      var reply = Server.Reply(status: [301, 302, 307, 308][left % 4], Array("moved".utf8))
      reply.headers = [("Location", "/\(left - 1)")]
      return reply
    }
    try serving(answer) { server in
      _ = try Download.test(server.url("/5"), to: path).run()
      #expect(bytes(of: path) == Sample.bytes)
      unlink(path)
      let error = failure { try Download.test(server.url("/6"), to: path).run() }
      #expect(error.kind == .unavailable)
      #expect(error.message.contains("more than 5 redirects"))
    }
  }

  @Test(arguments: [
    "file:///etc/hostname", "http://192.0.2.1/file", "ftp://127.0.0.1/file", "gopher://127.0.0.1/",
    "http://127.0.0.1@192.0.2.1/", "",
  ])
  func redirectsLeadNowhereElse(_ target: String) throws {
    let answer: Server.Answer = { _ in
      var reply = Server.Reply(status: 302)
      reply.headers = [("Location", target)]
      return reply
    }
    try serving(answer) { server in
      let error = failure { try Download.test(server.url(), to: path, size: nil).run() }
      #expect(error.kind == .unavailable, "\(error)")
      #expect(!folder.files.contains("file"))
    }
  }

  @Test func aStallingServerIsGivenUp() throws {
    let answer: Server.Answer = { _ in
      var reply = Server.Reply(Sample.bytes)
      reply.stall = 20
      return reply
    }
    try serving(answer) { server in
      let start = ContinuousClock.now
      var download = Download.test(server.url(), to: path)
      download.transfer.stallSeconds = 1
      let error = failure { try download.run() }
      #expect(error.kind == .unavailable)
      #expect(ContinuousClock.now - start < .seconds(8))
    }
  }

  @Test func nobodyListens() throws {
    let error = failure { try Download.test("http://127.0.0.1:1/file", to: path).run() }
    #expect(error.kind == .unavailable)
  }

  @Test(arguments: [
    "http://127.0.0.1/x", "http://download.pytorch.org/x", "ftp://a/b", "https://", "https:///x",
    "https://user@host/", "file://elsewhere/etc/passwd", "file://etc", "file:///a%00b",
    "file:///%zz",
    "file:///%+1", "", "x", "://", "https://a b", "https://a\nb", "HTTPS", "javascript:1",
  ])
  func onlyHTTPSAndFilesAreFetched(_ url: String) throws {
    let download = Download(from: url, to: path, digest: .sha256(Sample.sha256))
    #expect(failure { try download.run() }.kind == .usage)
    #expect(folder.files == [])
  }

  @Test func aLocalFileIsAnAddressToo() throws {
    folder.write(Sample.bytes, to: "a file")
    let source = "file://\(folder.path)/a%20file"
    let receipt = try Download(
      from: source, to: path, digest: .sha256(Sample.sha256), size: Sample.bytes.count
    ).run()
    #expect(receipt.size == Sample.bytes.count)
    #expect(bytes(of: path) == Sample.bytes)
    let missing = Download(
      from: "file://\(folder.path)/none", to: path + "2", digest: .sha256(Sample.sha256))
    #expect(failure { try missing.run() }.kind == .notFound)
  }

  @Test(arguments: [ENOSPC, EDQUOT, EIO]) func aFullDiskIsSaid(_ code: Int32) throws {
    try serving(Server.good(Sample.bytes)) { server in
      var download = Download.test(server.url(), to: path)
      let written = Atomic(0)
      download.calls.pwrite = { file, bytes, offset in
        guard written.add(1, ordering: .relaxed).newValue < 3 else {
          errno = code
          return -1
        }
        return pwrite(file, bytes.baseAddress, bytes.count, off_t(offset))
      }
      let error = failure { try download.run() }
      #expect(error.kind == .io)
      #expect(error.message.contains(path))
      #expect(!folder.files.contains("file"))
    }
  }

  @Test func interruptedAndShortWritesLoseNothing() throws {
    try serving(Server.good(Sample.bytes)) { server in
      var download = Download.test(server.url(), to: path)
      let count = Atomic(0)
      download.calls.pwrite = { file, bytes, offset in
        if count.add(1, ordering: .relaxed).newValue % 3 == 0 {
          errno = EINTR
          return -1
        }
        return pwrite(file, bytes.baseAddress, min(bytes.count, 1000), off_t(offset))
      }
      _ = try download.run()
      #expect(bytes(of: path) == Sample.bytes)
    }
  }

  @Test func ofManyWhoWantItOneDownloads() throws {
    let answer: Server.Answer = { request in
      Thread.sleep(forTimeInterval: 0.2)
      return Server.good(Sample.bytes)(request)
    }
    try serving(answer) { server in
      let download = Download.test(server.url(), to: path)
      let found = Mutex<[Bool]>([])
      let waited = Atomic(0)
      DispatchQueue.concurrentPerform(iterations: 8) { _ in
        let receipt = try? download.run(waiting: { waited.add(1, ordering: .relaxed) })
        found.withLock { $0.append(receipt?.wasHere ?? false) }
      }
      #expect(server.requests.count == 1)
      #expect(found.withLock { $0.filter { $0 }.count } == 7)
      #expect(folder.files == ["file"])
    }
  }

  @Test func aLockWhoseHolderDiedHoldsNobodyUp() throws {
    folder.write([], to: "file.lock")
    try serving(Server.good(Sample.bytes)) { server in
      _ = try Download.test(server.url(), to: path).run()
      #expect(folder.files == ["file"])
    }
  }

  @Test func aDamagedFileIsBroughtAgain() throws {
    folder.write(Sample.bytes.reversed(), to: "file")
    try serving(Server.good(Sample.bytes)) { server in
      let receipt = try Download.test(server.url(), to: path).run()
      #expect(!receipt.wasHere)
      #expect(bytes(of: path) == Sample.bytes)
    }
  }

  @Test func theFolderMustBeThere() throws {
    try serving(Server.good(Sample.bytes)) { server in
      let error = failure { try Download.test(server.url(), to: "\(folder.path)/no/file").run() }
      #expect(error.kind == .cannotCreate)
    }
  }

  @Test func noAnswerCrashes() throws {
    let random = Random(seed: 3)
    let answer: Server.Answer = { request in
      let draw = random.key(Int(request.path.dropFirst()) ?? 0)
      func noise(_ from: Int) -> String {
        String(
          decoding: (0..<draw.below(40, from)).map { UInt8(draw.below(94, from + 1 + $0) + 32) },
          as: UTF8.self)
      }
      var reply = Server.Reply(
        status: [200, 206, 302, 416, 999, 100][draw.below(6, 0)], Array(noise(100).utf8))
      reply.headers = ["ETag", "Content-Range", "Last-Modified", "Location"].enumerated().map {
        ($1, noise(1000 * ($0 + 1)))
      }
      return reply
    }
    try serving(answer) { server in
      for index in 0..<60 {
        folder.write(Array(Sample.bytes[..<10]), to: "file.part")
        folder.write(
          Array(#"{"url": "\#(server.url("/\(index)"))", "validator": "x"}"#.utf8),
          to: "file.part.json")
        let error = failure {
          try Download.test(server.url("/\(index)"), to: path, size: nil).run()
        }
        #expect([.unavailable, .corrupt].contains(error.kind), "\(error)")
        #expect(!folder.files.contains("file"))
      }
    }
  }
}
