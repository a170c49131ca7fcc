import Foundation
import Testing
import ZooFetch
import ZooKit

/// A folder that is removed when the test ends.
final class Folder {
  let path: String

  init() {
    var template = Array("/tmp/zoo-fetch-XXXXXX".utf8CString)
    path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var files: [String] {
    ((try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []).sorted()
  }

  func write(_ bytes: [UInt8], to name: String) {
    let url = URL(filePath: "\(path)/\(name)")
    try? FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    _ = FileManager.default.createFile(atPath: url.path, contents: Data(bytes))
  }
}

func bytes(of path: String) -> [UInt8] {
  FileManager.default.contents(atPath: path).map(Array.init) ?? []
}

/// A distinctive file of 300,000 bytes, with digests from coreutils.
enum Sample {
  static let bytes: [UInt8] = {
    let random = Random(seed: 11)
    return (0..<300_000).map { UInt8(truncatingIfNeeded: random.bits($0)) }
  }()
  static let sha256 = digest("sha256sum")
  static let md5 = digest("md5sum")

  private static func digest(_ program: String) -> String { Coreutils.digest(program, bytes) }
}

enum Coreutils {
  /// The digest of these bytes by another program.
  static func digest(_ program: String, _ bytes: [UInt8]) -> String {
    let folder = Folder()
    folder.write(bytes, to: "x")
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/\(program)")
    process.arguments = ["\(folder.path)/x"]
    process.standardOutput = pipe
    do { try process.run() } catch { return "no \(program)" }
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: output, as: UTF8.self).split(separator: " ").first.map(String.init)
      ?? ""
  }
}

extension Download {
  /// From a loopback server, with short timeouts.
  static func test(
    _ url: String, to path: String, _ digest: Digest = .sha256(Sample.sha256),
    size: Int? = Sample.bytes.count
  ) -> Download {
    var download = Download(from: url, to: path, digest: digest, size: size)
    download.transfer.plainHTTP = true
    download.transfer.stallSeconds = 5
    download.transfer.connectSeconds = 5
    return download
  }
}

/// The error of a call that must fail.
func failure<R>(_ body: () throws -> R) -> ZooError {
  do {
    _ = try body()
    return .failure("nothing failed")
  } catch let error as ZooError {
    return error
  } catch {
    return .failure("\(error)")
  }
}
