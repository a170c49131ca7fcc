import ModelZoo
import TestSupport
import Testing

@Suite(.enabled(if: Fixtures.areHere, "real checkpoints are not part of the repository"))
struct RealModelTests {
  /// With these weights, PyTorch misclassifies 85 of the first thousand pictures of CIFAR-10's test
  /// set.
  @Test func resnet20OnCIFAR10() throws {
    let zoo = try Zoo()
    let fitting = try zoo.fit(Fixtures.path("cifar10/resnet20-12fca82f.th"), as: "resnet20")
    #expect(fitting.isOfficial)
    let (checkpoint, weights) = try fitting.checkpoint()
    #expect(checkpoint.provenance.name == "resnet20.cifar10")
    let plan = try InferencePlan(
      fitting.graph, weights, batch: 50, keeping: [], engine: try EngineChoice.auto.engine())

    var wrong = 0
    for batch in try CIFAR10.testSet(by: 50) {
      let input = try checkpoint.preprocessing.tensor(from: batch.pictures)
      let logits = try #require(try plan.run([plan.inputs[0].name: input])["logits"]).values
      for (index, label) in batch.labels.enumerated() {
        let row = Array(logits[index * 10..<(index + 1) * 10])
        if row.indices.max(by: { row[$0] < row[$1] }) != label { wrong += 1 }
      }
    }
    #expect(wrong == 85)
  }

  /// Eight photos in bfloat16 and float32, through the published convolutions: logits agree within
  /// bfloat16's precision. The layers after them are random, so the top class is often a near tie.
  @Test(
    .enabled(if: (try? OneDNN.library.get())?.hasBFloat16 ?? false, "no bfloat16 here"),
    arguments: ["alexnet", "vgg16"])
  func answersInBFloat16(_ name: String) throws {
    let zoo = try Zoo()
    let graph = try zoo.registry.variant(name).graph()
    let kind = name == "vgg16" ? "safetensors" : "pth"
    let file = try Fixtures.path("imagenet_conv_weights/\(name)_features_imagenet.\(kind)")
    let (record, weights) = try zoo.fit(file, as: name).checkpoint(.partial)
    let photos = try [
      "astronaut", "bus", "chelsea", "china", "coffee", "flower", "rocket", "zidane",
    ].map { try Picture(contentsOf: Fixtures.path("photos8/\($0)_224.png")) }
    let input = try record.preprocessing.tensor(from: photos)
    let logits = try Precision.allCases.map { precision in
      let plan = try InferencePlan(
        graph, weights, batch: photos.count, engine: EngineChoice.onednn.engine(for: precision))
      return try #require(plan.run([plan.inputs[0].name: input])["logits"]).values
    }
    for photo in photos.indices {
      let rows = logits.map { Array($0[photo * $0.count / 8..<(photo + 1) * $0.count / 8]) }
      #expect(relativeError(rows[1], rows[0]) <= 2e-2, "\(name), photo \(photo)")
    }
  }

  /// A classifier's file fills that part of a detector.
  @Test func aClassifiersFileFillsABackbone() throws {
    let fitting = try Zoo().fit(
      Fixtures.path("imagenet_conv_weights/vgg16_features_imagenet.safetensors"),
      as: "fasterrcnn-vgg16")
    #expect(fitting.plan.matched.count == 26 && fitting.plan.unexpected.isEmpty)
    #expect(
      fitting.plan.matched.allSatisfy { $0.parameter.name == "backbone.\($0.source.name)" })
    #expect(fitting.plan.missing.allSatisfy { !$0.parameter.name.hasPrefix("backbone.") })
  }
}

/// The first thousand test pictures of CIFAR-10.
enum CIFAR10 {
  static func testSet(by count: Int) throws -> [(pictures: [Picture], labels: [Int])] {
    let file = try RandomAccessFile(Fixtures.path("cifar10/test_first1000.bin"))
    let bytes = try file.read(at: 0, count: file.size)
    return try stride(from: 0, to: 1000, by: count).map { start in
      let batch = start..<start + count
      let pictures = try batch.map { index in
        let planes = bytes[(index * 3073 + 1)..<(index + 1) * 3073]
        let first = planes.startIndex
        let pixels = (0..<3072).map { planes[first + $0 % 3 * 1024 + $0 / 3] }
        return try Picture(width: 32, height: 32, channels: 3, pixels: pixels)
      }
      return (pictures, batch.map { Int(bytes[$0 * 3073]) })
    }
  }
}
