import Foundation
import ModelZoo
import Testing

extension CommandLineTests {
  /// Errors of `--plugin` and `$ZOO_PLUGIN_PATH` for files that are not plugins; `.ci/examples`
  /// loads one.
  @Suite struct PluginTests {
    let workspace = Workspace()

    init() throws {
      try workspace.write(
        "no library at all, and longer than the header of one is: 64 bytes", to: "text.so")
      try workspace.write([], to: "empty.so")
      try FileManager.default.createDirectory(
        atPath: workspace["folder"], withIntermediateDirectories: false)
      try workspace.write([], to: "open.so")
      chmod(workspace["open.so"], 0o666)
    }

    @Test(
      arguments: [
        ("absent.so", 66, "does not exist"), ("folder", 66, "not a file"), ("", 64, "empty"),
        ("text.so", 65, "ELF"), ("empty.so", 65, "0 bytes"), ("open.so", 65, "chmod go-w"),
      ] as [(String, Int32, String)])
    func endsTheCommand(_ file: String, _ status: Int32, _ says: String) throws {
      for words in [["list", "--plugin", file], ["--plugin=\(file)", "info", "resnet18"]] {
        let run = try workspace.zoo(words)
        #expect(run.status == status && run.output.isEmpty, "\(run.errors)")
        #expect(
          (file.isEmpty || run.error?.contains(file) == true) && run.error?.contains(says) == true,
          "\(run.errors)")
      }
    }

    @Test func wantsAPath() throws {
      #expect(try workspace.zoo("list", "--plugin").status == 64)
    }

    @Test func environmentIsLeftOut() throws {
      let plain = try workspace.zoo("list", "--json")
      workspace.environment["ZOO_PLUGIN_PATH"] = "text.so:absent.so:folder"
      let run = try workspace.zoo("list", "--json")
      #expect(run.status == 0 && run.output == plain.output)
      let remarks = run.errors.split(separator: "\n").filter { $0.contains("$ZOO_PLUGIN_PATH") }
      #expect(remarks.count == 2, "\(run.errors)")
      #expect(try workspace.zoo("list", "--json", "--quiet").errors.isEmpty)
      #expect(try workspace.zoo("completion", "--names", "resnet5").output.contains("resnet50"))

      let findings = try #require(try workspace.zoo("doctor", "--json").json.list)
      #expect(findings.contains { $0["what"]?.string == "$ZOO_PLUGIN_PATH" })
      let bad = findings.filter { $0["what"]?.string == "plugin" && $0["good"]?.bool == false }
      #expect(bad.count == 2)
    }
  }
}
