import Foundation
import ModelZoo
import TestSupport
import Testing

extension CommandLineTests {
  /// The way from a reference's weights and values to a family that agrees with it.
  @Suite struct PortingTests {
    let workspace: Workspace

    init() throws { workspace = try Workspace.furnished() }

    @Test func diffProposesRenames() throws {
      try workspace.rename("port.safetensors") {
        "encoder." + $0.replacing("conv1", with: "first").replacing("linear", with: "fc")
      }
      let run = try workspace.zoo("diff", "port.safetensors", "--as", "resnet20", "--json")
      #expect(run.status == 0, "\(run.errors)")
      let renames = try #require(try run.json["renames"]?.list)
      #expect(!renames.isEmpty && renames.count <= 4, "\(run.output)")
      var words = ["import", "port.safetensors", "--as", "resnet20", "-o", "port.h5"]
      for rename in renames {
        let (from, to) = (try #require(rename["from"]?.string), try #require(rename["to"]?.string))
        words += ["--rename", "\(from)=\(to)"]
      }
      let imported = try workspace.zoo(words)
      #expect(imported.status == 0, "\(renames.map { $0.text() }) \(imported.errors)")
      let plain = try workspace.zoo("diff", "port.safetensors", "--as", "resnet20")
      #expect(plain.output.contains("{\"from\": ") || plain.output.contains("{\"from\":"))
    }

    @Test func diffProposesNothingWhereAllFits() throws {
      let run = try workspace.zoo("diff", "small.safetensors", "--as", "resnet20", "--json")
      #expect(try run.json["renames"]?.list?.isEmpty == true)
    }

    @Test(arguments: ["a", "a=b=c", "*=b"])
    func aRenameThatIsNoneIsRefused(_ text: String) throws {
      let run = try workspace.zoo("diff", "small.safetensors", "--as", "resnet20", "--rename", text)
      #expect(run.status == 64 && run.error?.contains("--rename") == true, "\(run.errors)")
    }

    // MARK: Values

    private func write(_ values: [String: Tensor], to name: String) throws {
      var weights = Weights()
      for (name, tensor) in values.sorted(by: { $0.key < $1.key }) { weights[name] = tensor }
      try SafeTensors.write(weights, to: workspace[name])
    }

    /// What the model itself gives, changed where the test says so.
    private func reference(_ change: (String, Tensor) throws -> Tensor) throws {
      let input = try Formula.tensor("input", [1, 3, 32, 32])
      try write(["image": input], to: "x.safetensors")
      let model = try Model(contentsOf: workspace["small.h5"], registry: .linked())
      let names = ["conv1", "layer1", "layer2.1.conv1", "layer3"]
      var values = try model.run(input, keeping: names)
      for (name, tensor) in values { values[name] = try change(name, tensor) }
      values["image"] = input
      try write(values, to: "reference.safetensors")
    }

    private func compare(_ more: String...) throws -> Outcome {
      try workspace.zoo(
        ["run", "small.h5", "--input", "x.safetensors", "--compare", "reference.safetensors"] + more
      )
    }

    @Test func sameValuesAgree() throws {
      try reference { $1 }
      let run = try compare()
      #expect(run.status == 0 && !run.output.contains("differs"), "\(run.errors)")
      let json = try compare("--json").json
      #expect(json.keys == ["model", "tolerance", "compared", "first", "unknown"])
      #expect(
        json["compared"]?.list?.compactMap { $0["name"]?.string } == [
          "conv1", "layer1", "layer2.1.conv1", "layer3", "logits",
        ])
      #expect(json["first"]?.isNull == true && json["unknown"]?.list?.isEmpty == true)
    }

    @Test func theFirstThatDiffersIsNamed() throws {
      try reference { name, tensor in
        guard ["layer2.1.conv1", "layer3", "logits"].contains(name) else { return tensor }
        return try Tensor(tensor.shape, tensor.values.map { 1.01 * $0 })
      }
      let run = try compare()
      #expect(run.status == 65)
      #expect(
        run.error?.contains("layer2.1.conv1 is the first that differs") == true
          && run.error?.contains("layer1 before it agrees") == true, "\(run.errors)")
      #expect(try compare("--tolerance", "0.1").status == 0)
      #expect(try compare("--json").json["first"]?.string == "layer2.1.conv1")
    }

    @Test func anotherShapeDiffers() throws {
      try reference { name, tensor in
        name == "layer3" ? tensor.reshaped([1, tensor.count]) : tensor
      }
      let run = try compare()
      #expect(run.status == 65 && run.output.contains("is 1×4096 there"), "\(run.output)")
    }

    @Test func unknownNamesAreSaid() throws {
      try reference { $1 }
      let file = try SafeTensors(workspace["reference.safetensors"])
      var values: [String: Tensor] = [:]
      for info in file.tensors { values[info.name] = try file.tensor(info.name) }
      values["layer9"] = values.removeValue(forKey: "layer3")
      try write(values, to: "reference.safetensors")
      let run = try compare()
      #expect(
        run.status == 0
          && run.errors.contains("the network has no value layer9; did you mean layer"))
      try write(["nothing": Tensor(zeros: [3])], to: "reference.safetensors")
      #expect(try compare().status == 65)
    }

    @Test func wantsAResult() throws {
      try reference { $1 }
      #expect(try workspace.zoo("run", "small.h5", "--input", "x.safetensors").status == 64)
      #expect(try compare("-o", "y.safetensors").status == 0)
      #expect(workspace.has("y.safetensors"))
    }

    // MARK: Conformance

    @Test func pluginsAreChecked() throws {
      let run = try workspace.zoo("plugins", "VGG", "--check", "--json")
      #expect(run.status == 0, "\(run.errors)")
      let family = try #require(try run.json.list?.first)
      #expect(
        family.keys == ["family", "origin", "paper", "variants", "stages", "conformance"])
      #expect(family["conformance"]?["passed"]?.bool == true)
      #expect(try workspace.zoo("plugins", "VGG").output.contains("not checked"))
      let unknown = try workspace.zoo("plugins", "VGX")
      #expect(unknown.status == 66 && unknown.error?.contains("VGG") == true)
    }
  }
}
