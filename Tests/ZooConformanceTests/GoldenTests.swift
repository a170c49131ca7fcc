import Foundation
import TestSupport
import Testing
import ZooKit

/// `Reference.check` asks the golden files for each variant, so it misses files that no variant asks
/// for.
@Suite struct GoldenTests {
  static let folder = GoldenFile.folder.appending(path: "architectures")

  @Test(arguments: ["published", "landmarks"])
  func everyNameBelongsToAVariant(_ table: String) throws {
    let variants = try Set(Registry.linked().allVariants.map(\.name))
    let data = try Data(contentsOf: Self.folder.appending(path: "\(table).json"))
    let names = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any]).keys
    #expect(names.count > 20)
    for name in names {
      let lineage = name.hasSuffix("-keras") ? String(name.dropLast(6)) : name
      #expect(variants.contains(name) || variants.contains(lineage), "\(name)")
    }
  }

  @Test func everyStepIsTaken() throws {
    let plugins = Self.folder.appending(path: "../../../Plugins").standardized
    let tests = try #require(FileManager.default.enumerator(atPath: plugins.path))
      .compactMap { $0 as? String }.filter { $0.contains("/Tests/") && $0.hasSuffix(".swift") }
      .map { try String(contentsOf: plugins.appending(path: $0), encoding: .utf8) }.joined()
    let steps = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
      .filter { $0.hasPrefix("mini-") }.map { $0.prefix { $0 != "." } }
    #expect(steps.count >= 12)
    for step in steps { #expect(tests.contains("\"\(step)\""), "\(step)") }
  }
}
