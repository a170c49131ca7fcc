import Testing
import ZooKit

/// Which engine computes, and what is said where the faster one is not there.
@Suite struct EngineTests {
  @Test func doesWithoutTheLibrary() throws {
    let workspace = Workspace()
    let missing = ["env", "ZOO_ONEDNN_LIBRARY=/nowhere/libdnnl.so"]
    let findings = try #require(
      try workspace.zoo(["doctor", "--json"], under: missing).json.list)
    func finding(_ what: String) throws -> JSON {
      try #require(findings.first { $0["what"]?.string == what })
    }
    #expect(try finding("engine onednn")["good"]?.bool == false)
    let chosen = try #require(try finding("engine chosen")["detail"]?.string)
    #expect(chosen.hasPrefix("openblas") && chosen.contains("/nowhere/libdnnl.so"))

    let bench = try workspace.zoo(["bench", "resnet20", "--profile", "--json"], under: missing).json
    #expect(bench["engine"]?.string == "openblas")
    #expect(bench["profile"]?["stages"]?.list?.isEmpty == false)
    for arguments in [["--engine", "onednn"], ["--precision", "bf16"]] {
      let refused = try workspace.zoo(["bench", "resnet20"] + arguments, under: missing)
      #expect(refused.status == 69 && refused.errors.contains("/nowhere/libdnnl.so"))
    }
  }
}
