import ResNet
import TestSupport
import Testing
import UNet
import VGG
import ZooConformance
import ZooEngine
import ZooKit

@Suite(.serialized)
struct UNetTests {
  /// A variant at one picture size, and PyTorch's result with the weights of `Formula`.
  struct Case: CustomStringConvertible, Sendable {
    let variant: String
    let size: Shape

    init(_ variant: String, _ size: Shape) { (self.variant, self.size) = (variant, size) }
    var description: String { "\(variant) \(size)" }
  }

  static let cases = [
    Case("unet", [3, 64, 96]), Case("unet", [3, 37, 53]), Case("unet-64", [3, 48, 32]),
    Case("unet-depth3", [3, 40, 24]), Case("unet-depth3", [3, 45, 31]),
    Case("unet-bilinear", [3, 64, 96]), Case("unet-bilinear", [3, 37, 53]),
    Case("unet-paper", [1, 188, 204]), Case("unet-resnet18", [3, 64, 96]),
    Case("unet-resnet18", [3, 65, 87]), Case("unet-resnet50", [3, 64, 96]),
    Case("unet-vgg16", [3, 64, 96]), Case("unet-vgg16", [3, 50, 71]),
  ]

  static func graph(_ variant: String, _ input: Shape? = nil) throws -> Graph {
    try Registry.linked().variant(variant).graph(input: input)
  }

  static let engines: [any Engine] = GoldenStep.engines

  @Test func conforms() throws { try Conformance.check(UNet.self) }

  /// Layer by layer, and folded, fused and blocked.
  @Test(arguments: cases)
  func computesWhatTheReferenceDoes(_ one: Case) throws {
    let golden = try GoldenFile("unet/\(one.variant).safetensors")
    let graph = try UNetTests.graph(one.variant, one.size)
    let name = "logits." + one.size.sizes.map(String.init).joined(separator: "x")
    let input = try Formula.tensor("input", Shape([1] + one.size.sizes))
    for engine in UNetTests.engines {
      let plan = try InferencePlan(graph, Formula.weights(for: graph), batch: 1, engine: engine)
      let logits = try #require(plan.run(["image": input])["logits"])
      let shape = logits.shape.sizes.dropFirst().map(String.init).joined(separator: "x")
      #expect(try golden.text("\(name).shape") == "1x\(shape)")
      let tolerance = engine.name == "openblas" ? 1e-5 : 1e-4
      #expect(
        relativeError(GoldenFile.sampled(logits.values), try golden.values(name)) <= tolerance,
        "\(engine.name)")
      let squares = logits.values.reduce(0.0) { $0 + Double($1) * Double($1) }
      let expected = try golden.number("\(name).squares")
      #expect(abs((squares / expected).squareRoot() - 1) <= tolerance)
    }
  }

  @Test(arguments: Set(cases.map(\.variant)).sorted())
  func hasTheSizeOfTheReference(variant: String) throws {
    let golden = try GoldenFile("unet/\(variant).safetensors")
    #expect(try UNetTests.graph(variant).parameterCount == Int(golden.number("parameters")))
  }

  /// Published with Buda's checkpoint; with one channel, that of the membranes' baseline.
  @Test func hasThePublishedSize() throws {
    #expect(try UNetTests.graph("unet").parameterCount == 7_763_041)
    #expect(try UNetTests.graph("unet", [1, 512, 512]).parameterCount == 7_762_465)
  }

  @Test(arguments: [
    ("unet", "encoder1.enc1conv1.weight", [32, 3, 3, 3] as Shape),
    ("unet", "encoder4.enc4norm2.running_var", [256] as Shape),
    ("unet", "bottleneck.bottleneckconv2.weight", [512, 512, 3, 3] as Shape),
    ("unet", "upconv4.weight", [512, 256, 2, 2] as Shape), ("unet", "upconv4.bias", [256] as Shape),
    ("unet", "decoder4.dec4conv1.weight", [256, 512, 3, 3] as Shape),
    ("unet", "conv.weight", [1, 32, 1, 1] as Shape), ("unet", "conv.bias", [1] as Shape),
    ("unet-paper", "encoder1.enc1conv1.bias", [64] as Shape),
    ("unet-resnet18", "encoder.layer4.1.bn2.weight", [512] as Shape),
    ("unet-resnet18", "decoder5.dec5conv1.weight", [256, 512, 3, 3] as Shape),
    ("unet-vgg16", "encoder.features.28.weight", [512, 512, 3, 3] as Shape),
  ])
  func hasTheNamesOfItsLineage(variant: String, parameter: String, shape: Shape) throws {
    let found = try UNetTests.graph(variant).parameters.first { $0.name == parameter }
    #expect(found?.shape == shape)
  }

  /// Only the 1×1 convolution depends on the classes.
  @Test func headIsTheLastConvolution() throws {
    let variant = try Registry.linked().variant("unet-resnet18")
    let graph = try variant.graph(head: .original(classes: 7))
    let head = graph.operations(in: Stage.head).flatMap { graph.operations[$0].parameters }
    #expect(head.map(\.name) == ["conv.weight", "conv.bias"])
    #expect(graph.operations[graph.outputs[0].operation].shape == [7, 256, 256])
    let features = try variant.graph(head: Head.none)
    #expect(features.operations[features.outputs[0].operation].shape == [32, 256, 256])
  }

  /// Figure 1.
  @Test func paperLosesItsBorders() throws {
    let graph = try UNetTests.graph("unet-paper")
    #expect(graph.operations[graph.outputs[0].operation].shape == [2, 388, 388])
    let coarsest = try #require(graph.output(of: "bottleneck"))
    #expect(graph.operations[coarsest].shape == [1024, 28, 28])
    #expect(throws: ZooError.self) { try UNetTests.graph("unet-paper", [1, 572, 570]) }
    #expect(throws: ZooError.self) { try UNetTests.graph("unet-paper", [1, 187, 187]) }
  }

  /// The encoder equals the classifier, number by number.
  @Test(arguments: [("unet-resnet18", "resnet18"), ("unet-vgg16", "vgg16")])
  func borrowsTheWholeClassifier(variant: String, classifier: String) throws {
    let size: Shape = [3, 64, 64]
    let (whole, encoder) = (
      try UNetTests.graph(variant, size),
      try Registry.linked().variant(classifier).graph(head: Head.none, input: size)
    )
    let weights = try Formula.weights(for: whole)
    var own = Weights()
    for parameter in encoder.parameters {
      own[parameter.name] = weights["encoder.\(parameter.name)"]
    }
    let input = ["image": try Formula.tensor("input", [1, 3, 64, 64])]
    let last = try #require(whole.output(of: "encoder"))
    let name = whole.operations[last].name
    let seen = try InferencePlan(whole, weights, batch: 1, keeping: [name]).run(input)[name]
    let expected = try InferencePlan(encoder, own, batch: 1).run(input)["features"]
    #expect(try #require(seen).values == #require(expected).values)
  }

  /// The network matches its `tiling`: the sides it takes, the margin it loses, and the reach of an
  /// artificial border.
  @Test(arguments: [
    UNet(.padded, width: 2, depth: 2), UNet(.padded, width: 2, depth: 2, rise: .bilinear),
    UNet(.unpadded, width: 2, depth: 2), UNet(.padded, width: 2, depth: 3),
  ])
  func tilesAsItSays(_ network: UNet) throws {
    let tiling = network.tiling
    func run(_ rows: Range<Int>, of picture: Tensor) throws -> (Tensor, Shape) {
      let width = picture.shape[3]
      let graph = try Graph { input in
        network.outputs(input("image", [3, rows.count, width]), .original(classes: 2))
      }
      let part = try Tensor(
        [1, 3, rows.count, width],
        (0..<3).flatMap { channel in
          let plane = channel * picture.shape[2] * width
          return picture.values[
            plane + rows.lowerBound * width..<plane + rows.upperBound * width]
        })
      let plan = try InferencePlan(graph, Formula.weights(for: graph), batch: 1)
      let logits = try #require(plan.run(["image": part])["logits"])
      return (logits, logits.shape)
    }
    let side = tiling.side(for: 2 * tiling.reach + 4 * tiling.step)
    let width = tiling.side(for: 8)
    #expect(tiling.takes(side) && tiling.takes(width))
    #expect(!tiling.takes(side + tiling.step / 2))
    let start = 2 * tiling.step
    let picture = try Formula.tensor("picture", [1, 3, side + start, width])
    let (whole, wholeShape) = try run(0..<side + start, of: picture)
    let (part, partShape) = try run(start..<side + start, of: picture)
    #expect(partShape[2] == side - 2 * tiling.margin)
    let row = wholeShape[3]
    func line(_ tensor: Tensor, _ shape: Shape, _ y: Int) -> [Float] {
      Array(tensor.values[y * row..<(y + 1) * row])
    }
    // Rows beyond the reach of the missing ones are equal, and the row before is not.
    for y in tiling.reach..<partShape[2] {
      let (a, b) = (line(whole, wholeShape, y + start), line(part, partShape, y))
      #expect(zip(a, b).allSatisfy { abs($0 - $1) <= 1e-5 * max(1, abs($0)) }, "row \(y)")
    }
    if tiling.reach > 0 {
      #expect(line(whole, wholeShape, start) != line(part, partShape, 0))
    }
  }
}
