import AlexNet
import DenseNet
import Inception
import ResNet
import TestSupport
import Testing
import VGG
import ZooEngine
import ZooExplain
import ZooFormats
import ZooKit

/// Against captum and pytorch-grad-cam, on the same weights and inputs, by both engines.
@Suite(.serialized)
struct GoldenTests {
  /// Of relative L2 errors.
  static let tolerance = 1e-4
  static let engines: [EngineChoice] =
    (try? OneDNN.library.get()) == nil ? [.openblas] : [.openblas, .onednn]

  @Test(
    arguments: [
      "alexnet", "vgg", "resnet-basic", "resnet-bottleneck", "densenet", "inception_v3",
    ], engines)
  func miniaturesAgree(name: String, engine: EngineChoice) throws {
    let (architecture, side) = try #require(Self.miniature(name))
    let graph = try Graph {
      architecture.outputs($0("image", [3, side, side]), .original(classes: 5))
    }
    try expectAgreement(
      "mini-\(name)", graph, Formula.weights(for: graph), Formula.tensor("input", [3, side, side]),
      engine)
  }

  @Test(.enabled(if: Fixtures.areHere, "no fixtures"), arguments: ["alexnet", "vgg16"], engines)
  func realConvolutionsAgree(name: String, engine: EngineChoice) throws {
    let golden = try GoldenFile("explain/imagenet-\(name).safetensors")
    let side = Int(try golden.number("side"))
    let variant = try Registry.linked().variant(name)
    let graph = try variant.graph(head: .original(classes: 10), input: [3, side, side])
    var weights = try Formula.weights(for: graph)
    let folder = try Fixtures.path("imagenet_conv_weights")
    let ending = name == "vgg16" ? "safetensors" : "pth"
    let file = try ForeignCheckpoint.open("\(folder)/\(name)_features_imagenet.\(ending)")
    for tensor in file.tensors { weights[tensor.name] = try file.tensor(tensor.name) }
    let input = try SafeTensors("\(folder)/\(name)_features_reference.safetensors").tensor("input")
    let (top, left) = (Int(try golden.number("top")), Int(try golden.number("left")))
    let rows = (0..<3 * side).flatMap { row -> ArraySlice<Float> in
      let start = (row / side * 224 + top + row % side) * 224 + left
      return input.values[start..<start + side]
    }
    try expectAgreement(
      "imagenet-\(name)", graph, weights, Tensor([3, side, side], rows), engine)
  }

  private func expectAgreement(
    _ name: String, _ graph: Graph, _ weights: Weights, _ input: Tensor, _ engine: EngineChoice
  ) throws {
    let golden = try GoldenFile("explain/\(name).safetensors")
    var options = ExplanationOptions()
    options.window = Int(try golden.number("window"))
    options.stride = Int(try golden.number("stride"))
    options.samples = Int(try golden.number("steps"))
    let network = try ExplainedNetwork(graph, weights, engine: engine)
    let subject = try NetworkSubject(
      "class", of: "logits", .place(Int(try golden.number("target"))), in: network)
    let names = golden.names
    #expect(names.count >= 10, "\(name) has \(names)")
    for method in names {
      let found = try ExplanationMethods.method(method, options)
        .attribution(of: subject, for: input).values
      let shape = found.shape.sizes.map(String.init).joined(separator: "x")
      #expect(try golden.text("\(method).shape") == shape)
      let error = relativeError(GoldenFile.sampled(found.values), try golden.values(method))
      #expect(error <= Self.tolerance, "\(name) by \(engine): \(method) is off by \(error)")
      let norm = found.values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      let expected = try golden.number("\(method).norm")
      #expect(abs(norm - expected) <= Self.tolerance * expected, "\(name): \(method) as a whole")
    }
  }

  private static func miniature(_ name: String) -> ((any Architecture), Int)? {
    switch name {
    case "alexnet":
      guard var mini = AlexNet.variants["alexnet"] else { return nil }
      (mini.widths, mini.hidden) = ([8, 16, 24, 16, 8], 16)
      return (mini, 159)
    case "vgg":
      guard var mini = VGG.miniatures["vgg"] else { return nil }
      (mini.widths, mini.hidden) = ([4, 8, 8], 16)
      return (mini, 24)
    case "resnet-basic", "resnet-bottleneck":
      let isBasic = name == "resnet-basic"
      guard var mini = ResNet.variants[isBasic ? "resnet18" : "resnet50"] else { return nil }
      (mini.depths, mini.width) = ([1, 1, 1, 1], 4)
      return (mini, isBasic ? 64 : 80)
    case "densenet":
      guard var mini = DenseNet.miniatures["densenet"] else { return nil }
      mini.depths = [2, 2, 2, 2]
      return (mini, 64)
    default: return (InceptionV3(shrunk: 16), 299)
    }
  }
}
