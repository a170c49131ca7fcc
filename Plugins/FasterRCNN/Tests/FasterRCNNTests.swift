import FasterRCNN
import TestSupport
import Testing
import ZooConformance
import ZooKit

@Suite struct FasterRCNNTests {
  @Test func conforms() throws { try Conformance.check(FasterRCNN.self) }

  /// torchvision publishes both numbers; the second is for 800×800 pixels and a thousand regions.
  @Test func hasThePublishedSize() throws {
    let graph = try Registry.linked().variant("fasterrcnn-resnet50-fpn").graph()
    #expect(graph.parameterCount == 41_755_286)
    #expect(abs(Double(graph.macs) / 1e9 - 134.38) < 0.005)
  }

  @Test(arguments: [
    ("backbone.body.conv1.weight", [64, 3, 7, 7] as Shape),
    ("backbone.body.bn1.running_var", [64] as Shape),
    ("backbone.body.layer4.2.conv3.weight", [2048, 512, 1, 1] as Shape),
    ("backbone.fpn.inner_blocks.3.0.weight", [256, 2048, 1, 1] as Shape),
    ("backbone.fpn.layer_blocks.0.0.bias", [256] as Shape),
    ("rpn.head.conv.0.0.weight", [256, 256, 3, 3] as Shape),
    ("rpn.head.cls_logits.weight", [3, 256, 1, 1] as Shape),
    ("rpn.head.bbox_pred.bias", [12] as Shape),
    ("roi_heads.box_head.fc6.weight", [1024, 12544] as Shape),
    ("roi_heads.box_predictor.cls_score.weight", [91, 1024] as Shape),
    ("roi_heads.box_predictor.bbox_pred.weight", [364, 1024] as Shape),
  ])
  func hasTheNamesOfItsLineage(parameter: String, shape: Shape) throws {
    let shapes = try GoldenArchitecture.shapes(of: FasterRCNN.self, "fasterrcnn-resnet50-fpn")
    #expect(shapes[parameter] == shape)
    #expect(shapes.count == 295)
  }

  /// torchvision's counts with the same backbones, anchors and dense layers.
  @Test(arguments: [
    ("fasterrcnn-resnet18-fpn", 28_730_006), ("fasterrcnn-vgg16", 138_507_572),
    ("fasterrcnn-vgg16-c4", 23_359_796),
  ])
  func hasTheReferencesSize(name: String, count: Int) throws {
    let graph = try Registry.linked().variant(name).graph()
    #expect(graph.parameterCount == count)
    let shapes = try GoldenArchitecture.shapes(of: FasterRCNN.self, name)
    let width = name.hasSuffix("fpn") ? 256 : 512
    #expect(shapes["rpn.head.conv.0.0.weight"] == [width, width, 3, 3])
    #expect(shapes["rpn.head.cls_logits.bias"] == [name.hasSuffix("fpn") ? 3 : 9])
  }

  /// With a single map the graph ends there: later operations of the backbone are not in it.
  @Test func standsOnOneMap() throws {
    let graph = try Registry.linked().variant("fasterrcnn-vgg16-c4").graph()
    #expect(
      graph.stages == [
        "body", "block1", "block2", "block3", "block4", "rpn", "box_head", "head",
      ])
    let last = try #require(graph.output(of: "body"))
    #expect(graph.operations[last].name == "backbone.features.22")
    #expect(graph.operations[last].shape == [512, 42, 56])
    let whole = try Registry.linked().variant("fasterrcnn-vgg16").graph()
    let body = try #require(whole.output(of: "body"))
    #expect(whole.operations[body].name == "backbone.features.29")
    #expect(whole.operations[body].shape == [512, 50, 50])
    let other = Variant(
      name: "other", architecture: FasterRCNN(onMapOf: "densenet121", stride: 16))
    #expect(try other.graph(input: [3, 64, 96]).stages.contains("denseblock3"))
    let none = Variant(name: "none", architecture: FasterRCNN(onMapOf: "resnet18", stride: 64))
    #expect {
      try none.graph()
    } throws: { error in
      "\(error)".contains("64 pixels apart")
    }
  }

  /// The two stages are separate, and only the predictor depends on the classes.
  @Test func isMadeOfStages() throws {
    let variant = try Registry.linked().variant("fasterrcnn-resnet50-fpn")
    let graph = try variant.graph(head: .original(classes: 3))
    #expect(
      graph.stages == [
        "stem", "layer1", "layer2", "layer3", "layer4", "fpn", "rpn", "box_head", "head",
      ])
    let usual = Set(try variant.graph().parameters)
    #expect(
      Set(graph.parameters.filter { !usual.contains($0) }.map(\.name)) == [
        "roi_heads.box_predictor.cls_score.weight", "roi_heads.box_predictor.cls_score.bias",
        "roi_heads.box_predictor.bbox_pred.weight", "roi_heads.box_predictor.bbox_pred.bias",
      ])
    #expect(throws: ZooError.self) { try variant.graph(head: .linear(classes: 3)) }
    #expect(try variant.graph(head: Head.none).outputs.map(\.name) == ["objectness", "deltas"])
  }

  /// Pyramids use the last map of each size, whatever its name in the family.
  @Test(arguments: [
    ("resnet18", [64, 64, 128, 256, 512]), ("vgg16", [64, 128, 256, 512, 512, 512]),
    ("densenet121", [64, 128, 256, 512, 1024]),
  ])
  func standsOnAnyClassifier(backbone: String, channels: [Int]) throws {
    var found: [[Int]] = []
    _ = try Graph { input in
      let image = input("image", [3, 64, 96])
      let features = image.features(of: backbone)
      found = image.levels(through: features).map(\.shape.sizes)
      return ["features": features]
    }
    #expect(found.map { $0[0] } == channels)
    #expect(found.allSatisfy { 2 * $0[2] == 3 * $0[1] })
    let variant = Variant(
      name: "other", architecture: FasterRCNN(onPyramidOver: backbone))
    let body = try variant.graph(input: [3, 64, 96]).parameters.first?.name ?? ""
    #expect(body.hasPrefix("backbone.body."))
  }

  @Test func anUnknownBackboneIsNamed() {
    let variant = Variant(name: "other", architecture: FasterRCNN(onPyramidOver: "resnet5O"))
    #expect {
      try variant.graph()
    } throws: { error in
      "\(error)".contains("resnet5O") && "\(error)".contains("resnet50")
    }
  }
}
