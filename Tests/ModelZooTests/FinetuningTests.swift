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

  /// The table of Documentation/fine-tuning.md: a detector takes at least 400 steps at a rate of its
  /// own.
  @Test(arguments: [
    ("yolov4-tiny", OptimizerKind.adamw, 8, 0.001, "light"),
    ("yolov4-tiny", .sgd, 8, 0.01, "light"),
    ("fasterrcnn-vgg16-c4", .adam, 2, 0.0001, "flip"),
  ])
  func detectorsHaveTheirOwn(
    name: String, optimizer: OptimizerKind, batch: Int, rate: Double, augment: String
  ) throws {
    var options = Finetuning()
    options.optimizer = optimizer
    let model = try Zoo().untrained(name)
    let usual = try options.settled(for: model, pictures: 100)
    #expect(usual.batch == batch && usual.rate == rate && usual.augment?.text == augment)
    #expect(usual.epochs == (batch == 8 ? 31 : 10) && usual.warmupSteps == 50)
    let many = try options.settled(for: model, pictures: 5000)
    #expect(many.epochs == 10 && many.warmupSteps == 50)
    // A warm-up must not outlast a short run, and given numbers stand.
    options.steps = 80
    let short = try options.settled(for: model, pictures: 100)
    #expect(short.warmupSteps == 10 && short.epochs == nil)
    (options.steps, options.epochs, options.batch, options.warmup) = (nil, 3, 4, 0)
    let given = try options.settled(for: model, pictures: 100)
    #expect(given.epochs == 3 && given.batch == 4 && given.warmupSteps == nil)
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
