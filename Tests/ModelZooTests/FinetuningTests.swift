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

  /// Convolutions without a classifier, as a partial import brings them. ResNet's own head is the
  /// linear one, under the name that other tools expect.
  @Test func aHeadThatNobodyTrainedIsReplaced() throws {
    let options = try settled { $0.hasPrefix("linear") }
    #expect(options.head == .original)
    #expect(options.freeze == [Stage.backbone])
    #expect(options.rate == 0.01)
  }

  /// Of these families, the first two have a linear head; a dropout before it differs in training
  /// only, hidden layers always.
  @Test func aLinearHeadHasTheFamilysName() throws {
    func names(_ name: String, inTraining: Bool) throws -> [String]? {
      let variant = try Registry.linked().variant(name)
      return try variant.familyNames(
        ofLinearHead: 3, input: variant.architecture.input, normEpsilon: nil,
        inTraining: inTraining)?.values.sorted()
    }
    #expect(try names("resnet18", inTraining: true) == ["fc.bias", "fc.weight"])
    #expect(
      try names("densenet121", inTraining: true) == ["classifier.bias", "classifier.weight"])
    #expect(try names("googlenet", inTraining: true) == nil)
    #expect(try names("googlenet", inTraining: false) == ["fc.bias", "fc.weight"])
    #expect(try names("vgg16", inTraining: false) == nil)
    #expect(try names("squeezenet1_0", inTraining: false) == nil)
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
