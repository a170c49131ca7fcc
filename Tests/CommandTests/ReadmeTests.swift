import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// README.md states facts about the zoo correctly.
  @Suite struct ReadmeTests {
    /// `workshop tables --into README.md` updates them.
    @Test func tablesAreTheCatalogue() throws {
      let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      let page = tests.deletingLastPathComponent().appending(path: "README.md")
      let readme = try String(contentsOf: page, encoding: .utf8)
      let workspace = Workspace()
      try workspace.write(readme, to: "README.md")
      let run = try workspace.workshop("tables", "--into", "README.md")
      #expect(run.status == 0, "\(run.errors)")
      let again = try String(contentsOfFile: workspace["README.md"], encoding: .utf8)
      #expect(again == readme)
    }
  }
}
