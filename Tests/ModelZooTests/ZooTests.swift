import Foundation
import ModelZoo
import TestSupport
import Testing

/// The library without the command line.
@Suite struct ZooTests {
  let zoo: Zoo

  init() throws { zoo = try Zoo() }

  /// The catalogue and the plugins agree: every record has its network, and a published one has the
  /// right number of classes.
  @Test func everyRecordHasItsNetwork() throws {
    #expect(zoo.catalog.records.count >= 30)
    for record in zoo.catalog.records {
      let variant = try zoo.registry.variant(record.variant)
      #expect(variant.family == record.family)
      #expect(variant.architecture.task == record.task)
      if record.source != nil {
        let classes = record.head == .none ? 0 : variant.architecture.classes
        #expect(record.classes.count == classes, "\(record.name)")
      }
      _ = try record.graph(of: variant)
    }
  }

  @Test func aBareVariantMeansItsDefault() throws {
    guard case .record(let record) = try zoo.reference("resnet50") else {
      Issue.record("resnet50 has no record")
      return
    }
    #expect(record.name == "resnet50.imagenet1k-v2" && record.isDefault)
    guard case .file = try zoo.reference("resnet50.h5") else {
      Issue.record("a name that ends in .h5 is a file")
      return
    }
  }

  @Test func anUnknownNameHasNeighbours() {
    #expect {
      try zoo.reference("resnt50")
    } throws: { error in
      let error = error as? ZooError
      return error?.kind == .notFound && error?.message.contains("resnet50") == true
    }
  }

  @Test func likelyClassesComeFirst() {
    let answer = Classification(logits: [0, 2, 1, 2], classes: ["a", "b", "c", "d"], top: 3)
    #expect(answer.top.map(\.name) == ["b", "d", "c"])
    let e = exp(1.0)
    let sum = 1 + e + 2 * e * e
    for (guess, expected) in zip(answer.top, [e * e / sum, e * e / sum, e / sum]) {
      #expect(abs(Double(guess.probability) - expected) < 1e-7)
    }
    // Large logits do not overflow, and no logits give no answer.
    let large = Classification(logits: [3e38, -3e38], classes: ["a", "b"], top: 5)
    #expect(large.top.map(\.probability) == [1, 0])
    #expect(Classification(logits: [Float](), classes: [], top: 5).top.isEmpty)
  }
}
