import Foundation
import ModelZoo
import Testing
import ZooKit

/// Heads that only training reads, when a network is tuned.
@Suite(.serialized) struct AuxiliaryTests {
  private let folder = FileManager.default.temporaryDirectory.appending(
    path: "zoo-auxiliary-\(UUID().uuidString)")

  /// Two classes of two pictures, and one of each to judge by.
  private func data() throws -> Dataset {
    for (name, level) in [("dark", 30), ("light", 220)] as [(String, UInt8)] {
      for (split, count) in [("train", 2), ("val", 1)] {
        let place = folder.appending(path: "\(split)/\(name)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        for index in 0..<count {
          let picture = try Picture(
            width: 32, height: 32, channels: 3, pixels: Array(repeating: level, count: 3 * 32 * 32))
          try picture.write(png: place.appending(path: "\(index).png").path)
        }
      }
    }
    return try Dataset.open(folder.path)
  }

  private func run(_ name: String, _ change: (inout Finetuning) -> Void = { _ in }) throws
    -> FinetuningRun
  {
    defer { try? FileManager.default.removeItem(at: folder) }
    var options = Finetuning()
    change(&options)
    return try FinetuningRun(of: Zoo().untrained(name), on: data(), options)
  }

  /// Of GoogLeNet's paper, and of PyTorch's guide to fine-tuning for Inception.
  @Test(arguments: [
    ("googlenet", ["logits", "aux1", "aux2"], [1, 0.3, 0.3]),
    ("inception_v3", ["logits", "aux"], [1, 0.4]),
  ])
  func theyHaveTheirSay(name: String, outputs: [String], weights: [Double]) throws {
    let run = try run(name) { $0.freeze = ["none"] }
    let terms = try #require(run.trainer.lesson as? Objective).terms
    #expect(terms.map(\.output) == outputs && terms.map(\.weight) == weights)
    #expect(Set(terms.map(\.target)) == ["logits"])
  }

  /// Above a backbone that stays as it is they have nothing to teach.
  @Test func theyAreSilentAboveAFrozenBackbone() throws {
    let run = try run("googlenet") { $0.freeze = ["backbone"] }
    let terms = try #require(run.trainer.lesson as? Objective).terms
    #expect(terms.map(\.output) == ["logits"])
  }

  /// What of them depends on the classes is new, and nothing else, whatever stands over the features.
  @Test(arguments: [Finetuning.HeadKind.original, .linear]) func onlyTheirLastLayersAreNew(
    _ head: Finetuning.HeadKind
  ) throws {
    let run = try run("googlenet") { $0.head = head }
    let own = head == .original ? ["fc.bias", "fc.weight"] : ["head.fc.bias", "head.fc.weight"]
    let sides = ["aux1", "aux2"].flatMap { ["\($0).fc2.bias", "\($0).fc2.weight"] }
    #expect(run.new.sorted() == (own + sides).sorted())
    let graph = run.trainer.graph
    for output in graph.outputs { #expect(graph.operations[output.operation].shape == [2]) }
  }
}
