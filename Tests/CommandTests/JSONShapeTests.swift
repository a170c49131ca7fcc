import ModelZoo
import TestSupport
import Testing

/// JSON shapes that scripts rely on: these keys, in this order, and nothing else on standard
/// output.
extension CommandLineTests {
  @Suite struct JSONShapeTests {
    @Test func list() throws {
      let run = try Workspace().zoo("list", "--json")
      #expect(run.status == 0 && run.errors.isEmpty)
      let items = try #require(try run.json.list)
      #expect(items.count >= 30)
      for item in items {
        #expect(
          item.keys == [
            "name", "variant", "family", "task", "parameters", "macs", "license", "metrics",
            "installed",
          ])
      }
      #expect(Set(items.compactMap { $0["name"]?.string }).count == items.count)
      let resnet = try #require(items.first { $0["name"]?.string == "resnet18.imagenet1k-v1" })
      #expect(resnet["variant"]?.string == "resnet18")
      #expect(resnet["family"]?.string == "ResNet")
      #expect(resnet["task"]?.string == "classification")
      #expect(resnet["parameters"]?.integer == 11_689_512)
      #expect(resnet["macs"]?.integer == 1_814_073_344)
      #expect(resnet["metrics"]?["top1"]?.number == 69.758)
      #expect(resnet["installed"]?.bool == false)
    }

    @Test func info() throws {
      let keys = [
        "name", "variant", "family", "paper", "task", "parameters", "auxiliaryParameters", "macs",
        "input", "classes",
        "preprocessing", "threshold", "normEpsilon", "license", "source", "sha256", "training",
        "confidence", "novelty", "metrics", "stages", "random", "installed", "path",
      ]
      let workspace = try Workspace.furnished()
      for model in ["resnet18", "resnet50.imagenet1k-keras", "small.h5"] {
        let run = try workspace.zoo("info", model, "--json")
        #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
        #expect(try run.json.keys == keys)
      }
      let file = try workspace.zoo("info", "small.h5", "--json").json
      #expect(file["classes"]?.list?.count == 10)
      #expect(
        file["stages"]?.list?.map(\.string) == ["stem", "layer1", "layer2", "layer3", "head"])
      #expect(file["installed"]?.bool == true)
    }

    @Test func summary() throws {
      let run = try Workspace().zoo("summary", "resnet20", "--json")
      #expect(run.status == 0 && run.errors.isEmpty)
      let json = try run.json
      #expect(
        json.keys == [
          "model", "variant", "input", "parameters", "auxiliaryParameters", "macs", "layers",
        ])
      #expect(json["input"]?.list?.map(\.integer) == [3, 32, 32])
      #expect(json["parameters"]?.integer == 269_722)
      let layers = try #require(json["layers"]?.list)
      for layer in layers {
        #expect(
          layer.keys == ["name", "kind", "inputs", "output", "parameters", "macs", "stages"])
      }
      func sum(_ key: String) -> Int { layers.reduce(0) { $0 + ($1[key]?.integer ?? 0) } }
      #expect(sum("parameters") == 269_722)
      #expect(sum("macs") == json["macs"]?.integer)

      let larger = try Workspace().zoo("summary", "resnet18", "--input", "3x448x448", "--json")
      #expect(try larger.json["input"]?.list?.map(\.integer) == [3, 448, 448])
    }

    static let difference = [
      "variant", "coverage", "matched", "transposed", "missing", "unexpected", "mismatched",
    ]

    @Test func diff() throws {
      let workspace = try Workspace.furnished()
      let whole = try workspace.zoo("diff", "small.safetensors", "--as", "resnet20", "--json")
      #expect(whole.status == 0 && whole.errors.isEmpty)
      #expect(try whole.json.keys == Self.difference + ["renames"])
      #expect(try whole.json["coverage"]?.number == 1)
      #expect(try whole.json["transposed"]?.integer == 0)

      let part = try workspace.zoo("diff", "small.safetensors", "--as", "resnet32", "--json").json
      #expect(part["matched"]?.integer == 97)
      #expect(part["missing"]?.list?.count == 60)
      #expect(part["unexpected"]?.list?.isEmpty == true)
      let coverage = try #require(part["coverage"]?.number)
      #expect(coverage > 0.5 && coverage < 0.6)

      try workspace.write("a\nb\nc\n", to: "three.txt")
      let head = try workspace.zoo(
        "diff", "small.safetensors", "--as", "resnet20", "--classes", "three.txt", "--json"
      ).json
      let mismatched = try #require(head["mismatched"]?.list)
      #expect(
        mismatched.map(\.keys) == Array(repeating: ["name", "found", "expected", "near"], count: 2))
      #expect(mismatched.first?["name"]?.string == "linear.weight")
      #expect(mismatched.first?["found"]?.list?.map(\.integer) == [10, 64])
      #expect(mismatched.first?["expected"]?.list?.map(\.integer) == [3, 64])
    }

    @Test func importing() throws {
      let workspace = try Workspace.furnished()
      let run = try workspace.zoo(
        "import", "small.safetensors", "--as", "resnet20", "-o", "mine.h5", "--json")
      #expect(run.status == 0 && run.errors.isEmpty)
      #expect(try run.json.keys == ["path"] + Self.difference)
      #expect(try run.json["path"]?.string == "mine.h5")
      #expect(workspace.has("mine.h5"))
    }

    @Test func exporting() throws {
      let workspace = try Workspace.furnished()
      let run = try workspace.zoo(
        "export", "small.h5", "--format", "safetensors", "-o", "out.safetensors", "--json")
      #expect(run.status == 0 && run.errors.isEmpty)
      #expect(try run.json.keys == ["model", "path", "format", "tensors", "python"])
      #expect(try run.json["tensors"]?.integer == 97)
    }

    @Test func running() throws {
      let workspace = try Workspace.furnished()
      var inputs = Weights()
      inputs["image"] = try Formula.tensor("image", [2, 3, 32, 32])
      try SafeTensors.write(inputs, to: workspace["x.safetensors"])
      let run = try workspace.zoo(
        "run", "small.h5", "--input", "x.safetensors", "-o", "y.safetensors", "--keep", "layer2",
        "--json")
      #expect(run.status == 0 && run.errors.isEmpty)
      #expect(try run.json.keys == ["model", "path", "outputs"])
      #expect(try run.json["outputs"]?.keys == ["logits", "layer2"])
      #expect(try run.json["outputs"]?["layer2"]?.list?.map(\.integer) == [2, 32, 16, 16])
      let written = try SafeTensors(workspace["y.safetensors"])
      #expect(written.tensors.map(\.name) == ["logits", "layer2"])
    }

    @Test func predict() throws {
      let workspace = try Workspace.furnished()
      let run = try workspace.zoo("predict", "small.h5", "small.png", "--top", "3", "--json")
      #expect(run.status == 0 && run.errors.isEmpty)
      let json = try run.json
      #expect(json.keys == ["model", "results"])
      #expect(json["model"]?.string == "small.h5")
      let results = try #require(json["results"]?.list)
      #expect(results.map(\.keys) == [["image", "top"]])
      let top = try #require(results.first?["top"]?.list)
      #expect(top.map(\.keys) == Array(repeating: ["class", "index", "probability"], count: 3))
      let odds = top.compactMap { $0["probability"]?.number }
      #expect(odds == odds.sorted(by: >) && odds.reduce(0, +) <= 1.000001)

      let all = try workspace.zoo("predict", "small.h5", "small.png", "--top", "99", "--json").json
      let every = all["results"]?.list?.first?["top"]?.list ?? []
      #expect(every.count == 10)
      let sum = every.compactMap { $0["probability"]?.number }.reduce(0, +)
      #expect(abs(sum - 1) < 1e-5)
    }

    @Test func verify() throws {
      let workspace = try Workspace.furnished()
      let run = try workspace.zoo("verify", "small.h5", "--json")
      #expect(run.status == 0 && run.errors.isEmpty)
      let item = try #require(try run.json.list?.first)
      #expect(item.keys == ["name", "tensors", "error", "good"])
      #expect(item["good"]?.bool == true)
      #expect(item["tensors"]?.integer == 97)
      #expect(try #require(item["error"]?.number) < 1e-5)
    }

    @Test func everythingElse() throws {
      let workspace = Workspace()
      let path = try workspace.zoo("cache", "path", "--json")
      #expect(try path.json["path"]?.string == workspace["home"])
      #expect(try workspace.zoo("cache", "path").output == "\(workspace["home"])\n")
      #expect(try workspace.zoo("cache", "list", "--json").json.list?.isEmpty == true)
      #expect(try workspace.zoo("cache", "prune", "--json").json.list?.isEmpty == true)

      let plugins = try #require(try workspace.zoo("plugins", "--json").json.list)
      #expect(plugins.contains { $0["family"]?.string == "ResNet" })
      for plugin in plugins {
        #expect(plugin.keys == ["family", "origin", "paper", "variants", "stages"])
      }
      let findings = try #require(try workspace.zoo("doctor", "--json").json.list)
      #expect(findings.map(\.keys).allSatisfy { $0 == ["what", "good", "detail"] })
      #expect(
        findings.contains { $0["what"]?.string == "engine openblas" && $0["good"]?.bool == true })
      // All installed checkpoints, which are those of the clone.
      let verified = try #require(try workspace.zoo("verify", "--json").json.list)
      let included = try Zoo().catalog.records.filter { $0.source == nil }
      #expect(verified.compactMap { $0["name"]?.string }.sorted() == included.map(\.name).sorted())
      #expect(verified.allSatisfy { $0["good"]?.bool == true })
      #expect(!workspace.has("home"), "looking makes no folder")
    }
  }
}
