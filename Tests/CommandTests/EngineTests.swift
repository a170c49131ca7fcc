import TestSupport
import Testing
import ZooEngine
import ZooFormats
import ZooKit
import ZooStore

/// The choice of engine, and the message if the faster one is not installed.
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

  /// Simulates a processor with AVX2 only, for the library and our kernels.
  @Test(.enabled(if: (try? OneDNN.library.get())?.isFast ?? false, "oneDNN is not here"))
  func computesWithAVX2() throws {
    let workspace = try Workspace.furnished()
    let old = ["env", "ONEDNN_MAX_CPU_ISA=AVX2"]
    let findings = try #require(try workspace.zoo(["doctor", "--json"], under: old).json.list)
    let engine = findings.first { $0["what"]?.string == "engine onednn" }
    #expect(engine?["good"]?.bool == true)
    #expect(engine?["detail"]?.string?.hasSuffix("AVX2") == true, "\(String(describing: engine))")

    var weights = Weights()
    weights["image"] = try Formula.tensor("image", [3, 3, 32, 32])
    try SafeTensors.write(weights, to: workspace["x.safetensors"])
    func logits(_ options: String..., under program: [String] = []) throws -> [Float] {
      let run = try workspace.zoo(
        ["run", "small.h5", "--input", "x.safetensors", "-o", "y.safetensors"] + options,
        under: program)
      #expect(run.status == 0, "\(run.errors)")
      return try SafeTensors(workspace["y.safetensors"]).tensor("logits").values
    }
    let expected = try logits("--engine", "openblas")
    #expect(try relativeError(logits("--engine", "onednn", under: old), expected) <= 1e-5)
    #expect(try relativeError(logits("--engine", "onednn"), expected) <= 1e-4)
    // The kernels are those of the processor; a profile names them.
    let bench = try workspace.zoo(
      ["bench", "densenet121", "--batch", "2", "--profile", "--json"], under: old
    ).json
    let kernels = (bench["profile"]?["stages"]?.list ?? []).compactMap { $0["kernel"]?.string }
    #expect(kernels.contains { $0.contains("avx2") } && !kernels.contains { $0.contains("avx512") })
    #expect(!kernels.contains { $0.hasPrefix("winograd") || $0.hasSuffix("1×1") })
    let refused = try workspace.zoo(["bench", "resnet20", "--precision", "bf16"], under: old)
    #expect(refused.status == 69 && refused.errors.contains("AVX2"))
  }
}
