import ModelZoo
import Testing
import ZooKit

/// What is decided where nobody says.
struct FinetuningTests {
  private func settled(random: (String) -> Bool, _ options: Finetuning = .init()) throws
    -> Finetuning
  {
    let fresh = try Zoo().untrained("resnet20")
    var checkpoint = fresh.checkpoint
    checkpoint.random = fresh.weights.names.filter(random)
    return try options.settled(
      for: Model(
        name: fresh.name, checkpoint: checkpoint, variant: fresh.variant, graph: fresh.graph,
        weights: fresh.weights))
  }

  @Test func aTrainedNetworkKeepsStill() throws {
    let options = try settled { _ in false }
    #expect(options.head == .original)
    #expect(options.freeze == [Stage.backbone])
    #expect(options.rate == 0.01)
    #expect(options.augment?.text == "none")
  }

  /// Convolutions without a classifier, as a partial import brings them.
  @Test func aHeadThatNobodyTrainedIsReplaced() throws {
    let options = try settled { $0.hasPrefix("linear") }
    #expect(options.head == .linear)
    #expect(options.freeze == [Stage.backbone])
    #expect(options.rate == 0.01)
  }

  @Test func whatNobodyTrainedLearns() throws {
    let options = try settled { $0.hasPrefix("layer3") || $0.hasPrefix("linear") }
    #expect(options.freeze == ["none"])
    #expect(options.augment?.text == "light")
  }

  @Test func fromNothingEverythingLearns() throws {
    var options = Finetuning()
    options.scratch = true
    options = try settled(random: { _ in true }, options)
    #expect(options.head == .original)
    #expect(options.freeze == ["none"])
    #expect(options.rate == 0.001)
  }

  @Test func whatIsSaidStands() throws {
    var options = Finetuning()
    options.head = .mlp
    options.freeze = ["layer1"]
    options.rate = 0.5
    options = try settled(random: { $0.hasPrefix("linear") }, options)
    #expect(options.head == .mlp)
    #expect(options.freeze == ["layer1"])
    #expect(options.rate == 0.5)
  }
}
