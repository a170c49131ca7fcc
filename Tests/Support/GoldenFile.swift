import Foundation
import ZooFormats
import ZooKit
import ZooStore

/// Arrays that a reference implementation computed, from `Tests/Golden`.
public struct GoldenFile: Sendable {
  private let file: SafeTensors

  /// - Parameter path: under `Tests/Golden`.
  public init(_ path: String) throws {
    file = try SafeTensors(GoldenFile.folder.appending(path: path).path)
  }

  public var names: [String] { file.tensors.map(\.name) }

  /// What follows a prefix in the names that have it.
  public func names(behind prefix: String) -> [String] {
    names.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
  }

  public func values(_ name: String) throws -> [Float] { try file.tensor(name).values }

  public func text(_ key: String) throws -> String {
    guard let text = file.metadata[key] else {
      throw ZooError.notFound("\(file.origin) does not say \(key)")
    }
    return text
  }

  public func number(_ key: String) throws -> Double { Double(try text(key)) ?? .nan }

  public static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Golden")

  /// Of a large array the golden files keep 1,024 elements, spread by a prime.
  public static func sampled(_ values: some RandomAccessCollection<Float>) -> [Float] {
    guard values.count > 1024 else { return Array(values) }
    return (0..<1024).map { index in
      values[values.index(values.startIndex, offsetBy: index * 2_654_435_761 % values.count)]
    }
  }
}
