import Foundation
import ModelZoo
import TestSupport
import Testing

/// The interface that `Benchmarks/` uses; speed is not tested here.
extension CommandLineTests {
  @Suite struct BenchTests {
    /// The output lines of a contender for these counts.
    private func turns(_ workspace: Workspace, _ counts: String, _ arguments: String...) throws
      -> [JSON]
    {
      let shell = ["sh", "-c", "printf '\(counts)' | \"$0\" \"$@\""]
      let run = try workspace.zoo(["bench", "small.h5", "--on-demand"] + arguments, under: shell)
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      return try run.output.split(separator: "\n").map {
        try JSON(parsing: String($0), origin: "a line")
      }
    }

    @Test func inferenceOnDemand() throws {
      let lines = try turns(Workspace.furnished(), #"2\n1\n"#, "--batch", "3")
      #expect(lines.count == 3)
      #expect(lines[0].keys == ["model", "engine", "threads", "arena_bytes"])
      #expect(lines[1]["ms"]?.list?.count == 2)
      #expect(lines[2]["ms"]?.list?.count == 1)
      #expect(lines[2]["loss"]?.number == nil)
    }

    /// With frozen norms the first loss equals that of `zoo run`'s output; then it falls.
    @Test func lossOfTraining() throws {
      let workspace = try Workspace.furnished()
      let shape: Shape = [4, 3, 32, 32]
      let random = Random(seed: 5)
      let images = try Tensor(shape, (0..<shape.count).map { random.uniform($0) })
      var weights = Weights()
      weights["image"] = images
      try SafeTensors.write(weights, to: workspace["x.safetensors"])

      let run = try workspace.zoo("run", "small.h5", "--input", "x.safetensors", "-o", "y.st")
      #expect(run.status == 0, "\(run.errors)")
      let logits = try SafeTensors(workspace["y.st"]).tensor("logits").values.map(Double.init)
      let losses = (0..<4).map { item in
        let row = logits[item * 10..<item * 10 + 10]
        return log(row.reduce(0) { $0 + exp($1) }) - row[row.startIndex + 37 * item % 10]
      }
      let expected = losses.reduce(0, +) / 4

      for freeze in ["backbone", "none"] {
        let lines = try turns(
          workspace, #"1\n20\n"#, "--train", "--batch", "4", "--input", "x.safetensors",
          "--freeze", freeze)
        let first = try #require(lines[1]["loss"]?.number)
        let last = try #require(lines[2]["loss"]?.number)
        if freeze == "backbone" { #expect(abs(first - expected) < 1e-4 * abs(expected)) }
        #expect(last < first)
      }
    }

    @Test(arguments: [
      "--freeze backbone": Int32(64), "--train --input small.h5": 65,
      "--input small.safetensors": 66, "--batch 0": 64,
    ])
    func mistakes(_ words: String, _ status: Int32) throws {
      let arguments = words.split(separator: " ").map(String.init)
      let run = try Workspace.furnished().zoo(["bench", "small.h5"] + arguments)
      #expect(run.status == status)
      #expect(run.error != nil, "\(run.errors)")
    }
  }
}
