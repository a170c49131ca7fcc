import Foundation
import ModelZoo
import TestSupport
import Testing

/// Values of a tensor in a safetensors file.
private func values(_ name: String, _ path: String) throws -> [Float] {
  try SafeTensors(path).tensor(name).values
}

extension CommandLineTests {
  /// Real weights must give the numbers that PyTorch gives.
  @Suite(.enabled(if: Fixtures.areHere, "real checkpoints are not part of the repository"))
  struct CheckpointTests {
    @Test func resnet20() throws {
      let workspace = Workspace()
      let reference = try Fixtures.path("cifar10/resnet20_reference.safetensors")
      var input = Weights()
      input["input"] = try SafeTensors(reference).tensor("input")
      try SafeTensors.write(input, to: workspace["x.safetensors"])

      // The older plain pickle, which the catalogue knows by its digest, and its twin.
      let pickled = try workspace.zoo(
        "import", Fixtures.path("cifar10/resnet20-12fca82f.th"), "--as", "resnet20")
      #expect(pickled.status == 0, "\(pickled.errors)")
      #expect(pickled.errors.contains("this is resnet20.cifar10, according to its digest"))
      let twin = try workspace.zoo(
        "import", Fixtures.path("cifar10/resnet20_cifar10.safetensors"), "--as", "resnet20",
        "-o", "twin.h5")
      #expect(twin.status == 0, "\(twin.errors)")

      let expected = try values("logits", reference)
      for model in ["resnet20", "twin.h5"] {
        let run = try workspace.zoo("run", model, "--input", "x.safetensors", "-o", "y.safetensors")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try relativeError(values("logits", workspace["y.safetensors"]), expected) <= 1e-5)
        let out = try workspace.zoo(
          "export", model, "--format", "safetensors", "-o", "\(model).safetensors")
        #expect(out.status == 0, "\(out.errors)")
      }
      // The files differ in their records: only the first is known to be the official one.
      let (official, copy) = (
        try SafeTensors(workspace["resnet20.safetensors"]),
        try SafeTensors(workspace["twin.h5.safetensors"])
      )
      #expect(official.tensors == copy.tensors)
      for info in official.tensors {
        #expect(try official.tensor(info.name).values == copy.tensor(info.name).values)
      }

      let info = try workspace.zoo("info", "resnet20", "--json").json
      #expect(info["installed"]?.bool == true)
      let listed = try workspace.zoo("list", "--installed", "--json").json
      #expect(listed.list?.contains { $0["name"]?.string == "resnet20.cifar10" } == true)
      #expect(try workspace.zoo("verify").output.contains("resnet20.cifar10  good"))

      let cat = try Fixtures.path("photos8/chelsea_224.png")
      let seen = try workspace.zoo("predict", "resnet20", cat, "--top", "1", "--json").json
      let best = try #require(seen["results"]?.list?.first?["top"]?.list?.first)
      #expect(best["class"]?.string == "cat" && best["index"]?.integer == 3)
    }

    struct Stack: Sendable {
      let variant: String
      let file: String
      let node: String
      let missing: [String]
    }

    @Test(arguments: [
      Stack(
        variant: "alexnet", file: "alexnet_features_imagenet.pth", node: "features",
        missing: ["classifier.1", "classifier.4", "classifier.6"]),
      Stack(
        variant: "vgg16", file: "vgg16_features_imagenet.safetensors", node: "block5",
        missing: ["classifier.0", "classifier.3", "classifier.6"]),
    ])
    func convolutionStack(_ stack: Stack) throws {
      let workspace = Workspace()
      let file = try Fixtures.path("imagenet_conv_weights/\(stack.file)")
      let strict = try workspace.zoo("import", file, "--as", stack.variant)
      #expect(strict.status == 65)
      let error = try #require(strict.error, "\(strict.errors)")
      for layer in stack.missing {
        #expect(error.contains("\(layer).weight") && error.contains("\(layer).bias"), "\(error)")
      }
      #expect(!workspace.has("\(stack.variant).h5"))

      let partial = try workspace.zoo("import", file, "--as", stack.variant, "--partial")
      #expect(partial.status == 0, "\(partial.errors)")
      #expect(partial.output.split(separator: "\n").count { $0.hasPrefix("missing") } == 6)
      let random = try workspace.zoo("info", "\(stack.variant).h5", "--json").json["random"]
      #expect(random?.list?.count == 6)

      let reference = try Fixtures.path(
        "imagenet_conv_weights/\(stack.variant)_features_reference.safetensors")
      var input = Weights()
      input["input"] = try SafeTensors(reference).tensor("input")
      try SafeTensors.write(input, to: workspace["x.safetensors"])
      let run = try workspace.zoo(
        "run", "\(stack.variant).h5", "--input", "x.safetensors", "-o", "y.safetensors", "--keep",
        stack.node)
      #expect(run.status == 0, "\(run.errors)")
      let found = try values(stack.node, workspace["y.safetensors"])
      #expect(try relativeError(found, values("output", reference)) <= 1e-5)
    }
  }

  /// What goes out comes in again, to the last bit.
  @Suite struct RoundTripTests {
    @Test(arguments: [
      ("safetensors", "out.safetensors"), ("pytorch", "out.pth"), ("keras-h5", "out.h5"),
    ])
    func roundTrip(_ format: String, _ file: String) throws {
      let workspace = try Workspace.furnished()
      let out = try workspace.zoo("export", "small.h5", "--format", format, "-o", file)
      #expect(out.status == 0, "\(out.errors)")
      let back = try workspace.zoo("import", file, "--as", "resnet20", "-o", "back.h5")
      #expect(back.status == 0, "\(back.errors)")
      let ours = try WeightStore(workspace["small.h5"])
      let again = try WeightStore(workspace["back.h5"])
      #expect(ours.tensors == again.tensors)
      for tensor in ours.tensors {
        #expect(ours.digest(of: tensor.name) == again.digest(of: tensor.name))
      }
    }

    /// Classes, preprocessing and variant need not be stated again.
    @Test(arguments: [("safetensors", "out.safetensors"), ("pytorch", "out.pth")])
    func theRecordComesAlong(_ format: String, _ file: String) throws {
      let workspace = try Workspace.furnished()
      let words = (0..<10).map { "class \($0)" }.joined(separator: ",")
      let made = try workspace.zoo(
        "import", "small.safetensors", "--as", "resnet20", "--classes", words, "--preprocessing",
        "caffe", "-o", "mine.h5")
      #expect(made.status == 0, "\(made.errors)")
      let out = try workspace.zoo("export", "mine.h5", "--format", format, "-o", file)
      #expect(out.status == 0 && out.output.contains("model.load_state_dict("), "\(out.errors)")
      let back = try workspace.zoo("import", file, "-o", "back.h5")
      #expect(back.status == 0 && back.errors == "taken as resnet20\n", "\(back.errors)")
      let (mine, again) = (
        try workspace.zoo("info", "mine.h5", "--json").json,
        try workspace.zoo("info", "back.h5", "--json").json
      )
      for key in ["variant", "classes", "preprocessing", "input"] {
        #expect(again[key]?.text() == mine[key]?.text(), "\(key)")
      }
    }

    /// A checkpoint of ours is a source like any other.
    @Test func ourOwn() throws {
      let workspace = try Workspace.furnished()
      let run = try workspace.zoo("import", "small.h5", "--as", "resnet20", "-o", "copy.h5")
      #expect(run.status == 0, "\(run.errors)")
      #expect(try workspace.zoo("verify", "copy.h5").status == 0)
    }

    @Test func sameInputSameFile() throws {
      let workspace = try Workspace.furnished()
      for name in ["a.h5", "b.h5"] {
        let run = try workspace.zoo(
          "import", "small.safetensors", "--as", "resnet32", "--partial", "-o", name)
        #expect(run.status == 0)
      }
      #expect(
        try Data(contentsOf: URL(filePath: workspace["a.h5"]))
          == Data(contentsOf: URL(filePath: workspace["b.h5"])))
    }
  }
}
