import Foundation
import ModelZoo
import TestSupport
import Testing

/// Results in bfloat16 compared with float32, for networks with real weights.
@Suite(
  .serialized, .enabled(if: Fixtures.areHere, "real checkpoints are not part of the repository"),
  .enabled(if: (try? OneDNN.library.get())?.hasBFloat16 ?? false, "no bfloat16 here"))
struct BFloat16Tests {
  /// Every layer is trained: the top class is the same for every photo.
  @Test(arguments: ["alexnet", "vgg16"]) func antsAndBees(_ name: String) throws {
    let (graph, record, imported) = try pretrained(name, head: .linear, classes: ["ants", "bees"])
    var weights = imported
    let head = try GoldenFile("bf16/\(name)-ants-and-bees.safetensors")
    for name in head.names {
      let shape = try #require(weights[name]).shape
      weights[name] = try Tensor(shape, head.values(name))
    }
    let validation = try ["ants", "bees"].flatMap { try photos(in: "hymenoptera_256/val/\($0)", 4) }
    let all = try photos(in: "photos8", 8) + validation
    let input = try record.preprocessing.tensor(from: all)
    let logits = try answers(graph, weights, input)
    #expect(relativeError(logits.flatMap { $0.bf16 }, logits.flatMap { $0.fp32 }) <= 2e-2)
    for (index, photo) in logits.enumerated() {
      #expect(best(photo.bf16) == best(photo.fp32), "\(name), photo \(index)")
    }
  }

  /// The layers after these convolutions are random, so the top class is often a near tie; only the
  /// logits are compared.
  @Test(arguments: ["alexnet", "vgg16"]) func photosThroughRandomLayers(_ name: String) throws {
    let (graph, record, weights) = try pretrained(name)
    let input = try record.preprocessing.tensor(from: photos(in: "photos8", 8))
    for (index, photo) in try answers(graph, weights, input).enumerated() {
      #expect(relativeError(photo.bf16, photo.fp32) <= 2e-2, "\(name), photo \(index)")
    }
  }

  /// A thousand pictures, some of them near ties for any network. Almost all of this network is
  /// Winograd, which multiplies in float32, so the rest does too.
  @Test func cifar10() throws {
    let fitting = try Zoo().fit(Fixtures.path("cifar10/resnet20-12fca82f.th"), as: "resnet20")
    let (record, weights) = try fitting.checkpoint()
    for batch in try CIFAR10.testSet(by: 200) {
      let input = try record.preprocessing.tensor(from: batch.pictures)
      for picture in try answers(fitting.graph, weights, input) {
        #expect(best(picture.bf16) == best(picture.fp32))
      }
    }
  }

  private func best(_ logits: [Float]) -> Int? {
    logits.indices.max { logits[$0] < logits[$1] }
  }

  /// For every picture, in both precisions.
  private func answers(
    _ graph: Graph, _ weights: Weights, _ input: Tensor
  ) throws -> [(fp32: [Float], bf16: [Float])] {
    let count = input.shape[0]
    let logits = try [Precision.fp32, .bf16].map { precision in
      let plan = try InferencePlan(
        graph, weights, batch: count, engine: EngineChoice.onednn.engine(for: precision))
      return try #require(plan.run([plan.inputs[0].name: input])["logits"]).values
    }
    let classes = logits[0].count / count
    return (0..<count).map { picture in
      let row = picture * classes..<(picture + 1) * classes
      return (Array(logits[0][row]), Array(logits[1][row]))
    }
  }

  /// ImageNet's convolutions, followed by random layers.
  private func pretrained(
    _ name: String, head: Head.Kind? = nil, classes: [String]? = nil
  ) throws -> (Graph, Checkpoint, Weights) {
    let kind = name == "vgg16" ? "safetensors" : "pth"
    let file = try Fixtures.path("imagenet_conv_weights/\(name)_features_imagenet.\(kind)")
    let fitting = try Zoo().fit(file, as: name, classes: classes, head: head)
    let (record, weights) = try fitting.checkpoint(.partial)
    return (fitting.graph, record, weights)
  }

  private func photos(in folder: String, _ count: Int) throws -> [Picture] {
    let folder = try Fixtures.path(folder)
    return try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".png") || $0.hasSuffix(".jpg") }.sorted().prefix(count)
      .map { try Picture(contentsOf: "\(folder)/\($0)") }
  }
}
