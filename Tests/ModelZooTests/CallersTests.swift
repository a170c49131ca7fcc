import ModelZoo
import Synchronization
import Testing

/// A model that many tasks use at once.
struct CallersTests {
  private func picture(_ index: Int) throws -> Picture {
    let (width, height) = (30 + 17 * (index % 5), 28 + 11 * (index % 7))
    return try Picture(
      width: width, height: height, channels: 3,
      pixels: (0..<width * height * 3).map { UInt8(($0 + 97 * index) * 7919 >> 3 & 255) })
  }

  /// What every picture gives when the model has only one caller and computes on one engine.
  private func answers<Answer: Sendable>(
    _ count: Int, at once: Int = 6, _ call: @escaping @Sendable (Int) throws -> Answer
  ) async throws -> [Answer] {
    try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
      for index in 0..<min(count, once) { group.addTask { (index, try call(index)) } }
      var (next, found) = (once, [Int: Answer]())
      for try await (index, answer) in group {
        found[index] = answer
        if next < count {
          group.addTask { [next] in (next, try call(next)) }
          next += 1
        }
      }
      return (0..<count).compactMap { found[$0] }
    }
  }

  @Test func tasksGetTheAnswersOfASingleCaller() async throws {
    let model = try Zoo().untrained("resnet20", seed: 3)
    let expected = try (0..<24).map { try model.classify(picture($0), top: 3).top }
    let found = try await answers(24) { try model.classify(picture($0), top: 3).top }
    #expect(found.count == expected.count)
    for (found, expected) in zip(found, expected) {
      for (a, b) in zip(found, expected) {
        #expect(abs(a.probability - b.probability) < 1e-5)
      }
      #expect(found.count == 3)
    }
  }

  /// Whole batches, part of one, and single pictures.
  @Test(arguments: [0, 1, 3, 7, 16, 18, 37]) func batchesGiveTheSame(_ count: Int) throws {
    let model = try Zoo().untrained("resnet20", seed: 3)
    let pictures = try (0..<count).map(picture)
    let together = try model.classify(pictures, top: 10)
    #expect(together.count == count)
    for (answer, picture) in zip(together, pictures) {
      let alone = try model.classify(picture, top: 10)
      let probabilities = Dictionary(
        uniqueKeysWithValues: alone.top.map { ($0.index, $0.probability) })
      for guess in answer.top {
        #expect(abs(guess.probability - (probabilities[guess.index] ?? -1)) < 1e-5)
      }
    }
  }

  @Test func oneBadPictureOfABatchIsAnError() throws {
    var checkpoint = try Zoo().untrained("resnet20").checkpoint
    checkpoint.preprocessing.resize = .none
    let model = try Zoo().untrained("resnet20")
    let unfitted = Model(
      name: "x", checkpoint: checkpoint, variant: model.variant, graph: model.graph,
      weights: model.weights)
    let whole = try Picture(width: 32, height: 32, channels: 3)
    #expect(try unfitted.classify([whole, whole]).count == 2)
    #expect(throws: ZooError.self) { try unfitted.classify([whole, picture(0)]) }
    #expect(throws: ZooError.self) { try unfitted.detect(whole) }
    #expect(throws: ZooError.self) { try unfitted.regress([whole]) }
  }

  /// Copies share what was compiled; another fit is another model.
  @Test func aModelKeepsWhatItCompiled() throws {
    let model = try Zoo().untrained("resnet20")
    let copy = model
    func classifier(_ model: Model) throws -> Classifier {
      try model.kept { try Classifier($0, engine: $1, precision: $2) }
    }
    #expect(try classifier(model) === classifier(copy))
    #expect(try classifier(model) !== classifier(model.fitting(.letterbox)))
  }

  @Test func detectorsAreSharedToo() async throws {
    // Random weights find nothing.
    let model = try Zoo().model("fasterrcnn-resnet20.scenes")
    let options = DetectionOptions(score: 0.01, limit: 5)
    let expected = try (0..<6).map { try model.detect(picture($0), options).map(\.score) }
    let found = try await answers(6) { try model.detect(picture($0), options).map(\.score) }
    let together = try model.detect((0..<6).map(picture), options).map { $0.map(\.score) }
    for (index, scores) in expected.enumerated() {
      #expect(found[index].count == scores.count && together[index].count == scores.count)
      #expect(zip(found[index], scores).allSatisfy { abs($0 - $1) < 1e-4 })
      #expect(zip(together[index], scores).allSatisfy { abs($0 - $1) < 1e-4 })
    }
    #expect(expected.contains { !$0.isEmpty })
  }

  @Test func segmentersAreSharedToo() async throws {
    let model = try Zoo().untrained("unet-depth3", seed: 5)
    let expected = try (0..<6).map { try model.segment(picture($0)).mask }
    let found = try await answers(6) { try model.segment(picture($0)).mask }
    for (a, b) in zip(found, expected) {
      let differing = zip(a.pixels, b.pixels).count { $0 != $1 }
      #expect(a.size == b.size && differing * 200 <= a.count, "\(differing) of \(a.count)")
    }
  }
}
