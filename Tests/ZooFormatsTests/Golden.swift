import Foundation
import Testing
import ZooKit
import ZooStore

/// The checkpoints that Tests/Golden/formats/make.py wrote.
enum Golden {
  static func path(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Golden/formats/\(name)").path
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: path(name))))
  }

  /// The formula of every tensor there.
  static func values(_ count: Int, start: Int = 0) -> [Float] {
    (start..<start + count).map { Float(37 * $0 % 101 - 50) }
  }
}

/// A folder for one test, removed with it.
final class Scratch {
  let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "zoo-formats-\(UInt64.random(in: .min ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)"))
    return "\(folder)/\(name)"
  }
}

/// The error of opening and reading everything; nil for success.
func outcome(_ path: String, _ open: (String) throws -> any TensorSource) -> (any Error)? {
  do {
    let source = try open(path)
    for tensor in source.tensors where tensor.shape.count <= 1 << 20 {
      _ = try Tensor(tensor.shape) { try source.read(tensor, into: $0) }
    }
    return nil
  } catch { return error }
}

extension ZooError {
  /// Errors that bad input may cause.
  var isHonest: Bool {
    (kind == .corrupt || kind == .notFound) && !message.isEmpty && !message.contains("\n")
  }
}
