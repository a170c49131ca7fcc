import Foundation
import Testing

/// The guide to new architectures lists every method that adds a layer, with its parameters.
@Suite struct LayerTableTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
  }

  /// `conv(to:kernel:)`, without the name and the source line, which all have.
  private var methods: Set<String> {
    get throws {
      let code = try text("Sources/ZooKit/Graph/Node+Layers.swift")
      return Set(
        code.matches(of: /public func (\w+)\(([^{]*?)\) -> Node/).map { match in
          "\(match.1)(\(labels(of: match.2).map { $0 + ":" }.joined()))"
        })
    }
  }

  /// The labels of parameters that are separated by commas outside of parentheses.
  private func labels(of parameters: Substring) -> [String] {
    var (parts, depth) = ([""], 0)
    for character in parameters {
      if "([".contains(character) { depth += 1 }
      if ")]".contains(character) { depth -= 1 }
      if character == ",", depth == 0 {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    return parts.compactMap { part in
      let words = part.prefix { $0 != ":" }.split(whereSeparator: \.isWhitespace).map(String.init)
      return words.contains { ["name", "file", "line"].contains($0) } ? nil : words.first
    }
  }

  @Test func theTableIsComplete() throws {
    let guide = try text("Documentation/add-an-architecture.md")
    let table = try #require(
      guide.split(separator: "| method | PyTorch's name |").dropFirst().first)
    let listed = table.split(separator: "\n\n").first.map(String.init) ?? ""
    let cells = listed.split(separator: "\n").compactMap {
      $0.split(separator: "|", omittingEmptySubsequences: true).first.map(String.init)
    }
    let found = Set(cells.joined().matches(of: /`(\w+\([^`]*\))`/).map { String($0.1) })
    let methods = try methods
    #expect(methods.count > 25)
    #expect(found == methods, "\(found.symmetricDifference(methods).sorted())")
  }
}
