import Foundation
import TestSupport
import Testing
import ZooEngine
import ZooKit
import ZooStore
import ZooTraining

struct TrainerTests {
  let scratch = Scratch()

  @Test func aRunLearnsAndSaysSo() throws {
    let trainer = try SmallTraining.trainer()
    var steps: [Int] = []
    var watched = trainer
    watched.progress = { steps.append($0.step) }
    let report = try watched.run(in: scratch["run"])
    // 47 items are 5 batches of 8 and one of 7, two to a step.
    #expect(steps == Array(1...15) && report.steps == 15)
    #expect(report.epochs.map(\.number) == [1, 2, 3, 4, 5])
    #expect(report.interruption == nil && !report.stoppedEarly)
    #expect(report.epochs[4].loss < 0.7 * report.epochs[0].loss)
    #expect(report.epochs[0].parts.map(\.name) == ["logits.cross-entropy", "box.smooth-l1"])
    let best = try #require(report.best)
    #expect(best.value == report.epochs.compactMap { $0.metrics.first?.value }.max())
    #expect(
      try scratch.files("run") == [
        "best.h5", "curves.svg", "events.out.tfevents.0.zoo", "last.h5", "log.csv", "run.json",
      ])
    let record = try WeightStore(scratch["run/best.h5"]).meta
    #expect(record["epoch"]?.integer == best.epoch)
    #expect(try scratch.text("run/log.csv").split(separator: "\n").count == 6)
    let curves = try scratch.text("run/curves.svg")
    #expect(curves.hasPrefix("<svg") && curves.contains("log-loss") && curves.hasSuffix("</svg>\n"))
    let described = try JSON(parsing: scratch.text("run/run.json"), origin: "run.json")
    #expect(described["options"]?["seed"]?.string == "7")
    #expect(described["data"]?.string == "small 1")
  }

  /// The same run twice, with its batches made one by one and seven at a time.
  @Test func aRunCanBeRepeated() throws {
    for (name, ahead) in [("a", 1), ("b", 7)] {
      _ = try SmallTraining.trainer { $0.ahead = ahead }.run(in: scratch[name])
    }
    for file in ["best.h5", "last.h5", "log.csv", "curves.svg", "run.json"] {
      #expect(try scratch.bytes("a/\(file)") == scratch.bytes("b/\(file)"), "\(file)")
    }
    _ = try SmallTraining.trainer { $0.seed = 8 }.run(in: scratch["c"])
    #expect(try scratch.bytes("a/best.h5") != scratch.bytes("c/best.h5"))
  }

  /// Stopped after every single step, and gone on with in a new trainer each time.
  @Test(arguments: [Descent.Options.Averaging.exponential(0.8), .lastEpochs(4)])
  func interruptedAfterEveryStep(_ averaging: Descent.Options.Averaging) throws {
    _ = try SmallTraining.trainer { $0.descent.averaging = averaging }.run(in: scratch["whole"])
    var runs = 0
    while true {
      var trainer = try SmallTraining.trainer { $0.descent.averaging = averaging }
      let interruption = Interruption()
      trainer.interruption = interruption
      trainer.progress = { _ in interruption.request(SIGINT) }
      let report = try trainer.run(in: scratch["parts"], resuming: runs > 0)
      runs += 1
      guard report.interruption == SIGINT, runs < 50 else { break }
    }
    // The last step is followed by the end of its epoch.
    #expect(runs == 16)
    for file in ["best.h5", "last.h5", "log.csv", "curves.svg"] {
      #expect(try scratch.bytes("whole/\(file)") == scratch.bytes("parts/\(file)"), "\(file)")
    }
  }

  /// The mean of four epochs, in the second of which a stage thaws.
  @Test func theLastEpochsAreAveraged() throws {
    func judged(_ name: String, _ averaging: Descent.Options.Averaging?) throws
      -> (weights: [Weights], settled: Int)
    {
      var trainer = try SmallTraining.trainer {
        $0.descent.averaging = averaging
        $0.plateau = nil
      }
      var (weights, settled): ([Weights], Int) = ([], 0)
      trainer.settle = {
        settled += 1
        return $0
      }
      trainer.evaluate = {
        weights.append($0)
        return [("log-loss", 0)]
      }
      _ = try trainer.run(in: scratch[name])
      return (weights, settled)
    }
    let (plain, mean) = (try judged("plain", nil), try judged("mean", .lastEpochs(4)))
    #expect(plain.settled == 0 && mean.settled == 4)
    let graph = try SmallTraining.graph()
    for parameter in graph.parameters {
      let name = parameter.name
      let terms = try plain.weights.map { try #require($0[name]?.values) }
      for epoch in 0..<5 {
        let found = try #require(mean.weights[epoch][name]?.values)
        guard parameter.role.isTrainable, epoch > 1 else {
          #expect(found == terms[epoch], "\(name) after epoch \(epoch)")
          continue
        }
        for index in found.indices {
          let sum = (1...epoch).reduce(0.0) { $0 + Double(terms[$1][index]) }
          #expect(abs(Double(found[index]) - sum / Double(epoch)) < 1e-6, "\(name)")
        }
      }
    }
    // More epochs than there are: all of them.
    #expect(try judged("all", .lastEpochs(9)).settled == 5)
  }

  /// What a state does not know of is cut off the logs.
  @Test func logsAreCutBackToTheSavedState() throws {
    _ = try SmallTraining.trainer().run(in: scratch["whole"])
    struct Stop: Error {}
    var trainer = try SmallTraining.trainer()
    var judged = 0
    let evaluate = try #require(trainer.evaluate)
    // The third epoch ends badly, when its steps are in the event file already.
    trainer.evaluate = {
      judged += 1
      if judged == 3 { throw Stop() }
      return try evaluate($0)
    }
    #expect(throws: Stop.self) { try trainer.run(in: scratch["run"]) }
    let line = Data("9,9,9,9\n".utf8)
    for name in ["log.csv", "events.out.tfevents.0.zoo"] {
      let file = try FileHandle(forWritingTo: URL(filePath: scratch["run/\(name)"]))
      try file.seekToEnd()
      try file.write(contentsOf: line)
      try file.close()
    }
    _ = try SmallTraining.trainer().run(in: scratch["run"], resuming: true)
    #expect(try scratch.bytes("run/log.csv") == scratch.bytes("whole/log.csv"))
    #expect(try scratch.bytes("run/best.h5") == scratch.bytes("whole/best.h5"))
    #expect(
      try scratch.bytes("run/events.out.tfevents.0.zoo").count
        == scratch.bytes("whole/events.out.tfevents.0.zoo").count)
    // A log that lost what the state counts on is not gone on with.
    truncate(scratch["run/log.csv"], 3)
    let error = #expect(throws: ZooError.self) {
      try SmallTraining.trainer().run(in: scratch["run"], resuming: true)
    }
    #expect(error?.kind == .corrupt && error?.message.contains("log.csv") == true)
  }

  @Test func aFinishedRunIsFinished() throws {
    let first = try SmallTraining.trainer().run(in: scratch["run"])
    let bytes = try scratch.bytes("run/last.h5")
    let again = try SmallTraining.trainer().run(in: scratch["run"], resuming: true)
    #expect(again.steps == first.steps && again.epochs.isEmpty)
    #expect(again.best?.epoch == first.best?.epoch && again.unchanged == first.unchanged)
    #expect(try scratch.bytes("run/last.h5") == bytes)
  }

  @Test func onlyTheSameRunGoesOn() throws {
    func refused(_ kind: ZooError.Kind, _ words: String, _ body: () throws -> Trainer.Report) {
      let error = #expect(throws: ZooError.self) { _ = try body() }
      #expect(error?.kind == kind && error?.message.contains(words) == true, "\(error as Any)")
    }
    refused(.notFound, "does not exist") {
      try SmallTraining.trainer().run(in: scratch["run"], resuming: true)
    }
    _ = try SmallTraining.trainer { $0.epochs = 1 }.run(in: scratch["run"])
    refused(.usage, "holds a run already") {
      try SmallTraining.trainer().run(in: scratch["run"])
    }
    refused(.usage, "began with epochs 1, not 5") {
      try SmallTraining.trainer().run(in: scratch["run"], resuming: true)
    }
    var source = SmallTraining.Source()
    source.fingerprint = "small 2"
    refused(.usage, "other data") {
      try SmallTraining.trainer(source: source) { $0.epochs = 1 }
        .run(in: scratch["run"], resuming: true)
    }
    let trainer = try SmallTraining.trainer { $0.epochs = 1 }
    refused(.usage, "other weights") {
      try Trainer(
        trainer.graph, Weights(randomFor: trainer.graph, seed: 1), trainer.source,
        lesson: trainer.lesson, options: trainer.options
      ).run(in: scratch["run"], resuming: true)
    }
    refused(.usage, "the learning rate") {
      try SmallTraining.trainer { $0.rate = .nan }.run(in: scratch["other"])
    }
    refused(.usage, "no stage or layer “stm”") {
      try SmallTraining.trainer { $0.freezing = [.init("stm")] }.run(in: scratch["other"])
    }
    refused(.usage, "nothing learns") {
      try SmallTraining.trainer { $0.freezing = [.backbone, .init("head")] }
        .run(in: scratch["third"])
    }
    refused(.usage, "no metric “top1” is measured") {
      try SmallTraining.trainer { $0.metric = "top1" }.run(in: scratch["fourth"])
    }
  }

  @Test func oneProcessAtATime() throws {
    var trainer = try SmallTraining.trainer { $0.epochs = 1 }
    let folder = scratch["run"]
    var errors: [ZooError] = []
    trainer.progress = { _ in
      do {
        _ = try SmallTraining.trainer { $0.epochs = 1 }.run(in: folder, resuming: true)
      } catch { errors.append(error as? ZooError ?? .failure("\(error)")) }
    }
    _ = try trainer.run(in: folder)
    #expect(errors.count == 3)
    #expect(errors.allSatisfy { $0.message.contains("another process is training") })
  }

  @Test func patienceRunsOut() throws {
    var trainer = try SmallTraining.trainer {
      $0.epochs = 20
      $0.patience = 2
    }
    var judged = 0
    let values = [0.1, 0.4, 0.3, 0.4, 0.9]
    trainer.evaluate = { _ in
      judged += 1
      return [("score", values[judged - 1])]
    }
    let report = try trainer.run(in: scratch["run"])
    // Equal is as good, and kept; it is not better.
    #expect(report.stoppedEarly && report.epochs.count == 4 && report.best?.epoch == 4)
    let again = try trainer.run(in: scratch["run"], resuming: true)
    #expect(again.stoppedEarly && judged == 4)
  }

  @Test func withoutAnEvaluationTheLossDecides() throws {
    var trainer = try SmallTraining.trainer { $0.epochs = 3 }
    trainer.evaluate = nil
    let report = try trainer.run(in: scratch["run"])
    #expect(report.best?.value == report.epochs.map(\.loss).min())
  }

  /// A frozen stage and its norm do not move by a bit; under “batch” its statistics do.
  @Test func whatIsFrozenKeepsItsBytes() throws {
    let stem = ["conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var"]
    let body = ["conv2.weight", "conv2.bias"] + stem.dropFirst().map { "bn2." + $0.dropFirst(4) }
    func unchanged(_ name: String, _ freezing: Freezing) throws -> [String] {
      let trainer = try SmallTraining.trainer {
        $0.freezing = freezing
        $0.epochs = 2
      }
      let report = try trainer.run(in: scratch[name])
      #expect(report.tensors == 15)
      #expect(
        report.comparison
          == "\(report.unchanged.count) of 15 tensors are byte-identical to the start")
      // As much is in the file.
      let stored = try WeightStore(scratch["\(name)/last.h5"]).load()
      let same = report.unchanged.filter { stored[$0]?.values == trainer.weights[$0]?.values }
      #expect(same == report.unchanged)
      return report.unchanged
    }
    #expect(try unchanged("none", []) == [])
    #expect(try unchanged("stem", [.init("stem")]) == stem)
    #expect(try unchanged("backbone", [.backbone]) == stem + body)
    #expect(try unchanged("batch", Freezing([.init("stem")], norms: .batch)) == Array(stem[..<3]))
    #expect(
      try unchanged("frozen", Freezing([.init("stem")], norms: .frozen))
        == stem + body.suffix(2))
    #expect(try unchanged("layer", [.init("conv2")]) == ["conv2.weight", "conv2.bias"])
    #expect(try unchanged("thawed", Freezing([.init("backbone", until: 1)])) == [])
    #expect(
      try unchanged("thawing", Freezing([.init("body", until: 1), .init("stem", until: 2)]))
        == stem)
  }

  /// Two batches added up are one of both: the same step but for rounding.
  @Test func accumulationIsALargerBatch() throws {
    func weights(_ name: String, _ batch: Int, _ accumulation: Int) throws -> [String: Tensor] {
      let trainer = try SmallTraining.trainer {
        $0.epochs = 1
        $0.batch = batch
        $0.accumulation = accumulation
        // Statistics of a batch are of that batch.
        $0.freezing = Freezing([], norms: .frozen)
        $0.descent = .init(SGD())
      }
      let graph = try Graph { input in
        let x = input("image", [2, 6, 6]).conv("conv1", to: 4, kernel: 3).batchNorm("bn1").relu()
          .globalAveragePool().flatten()
        return ["logits": x.dense("fc", to: 3), "box": x.dense("place", to: 2)]
      }
      _ = try Trainer(
        graph, Formula.weights(for: graph), trainer.source, lesson: trainer.lesson,
        options: trainer.options
      ).run(in: scratch[name])
      return try WeightStore(scratch["\(name)/last.h5"]).load()
    }
    let (whole, parts) = (try weights("whole", 24, 1), try weights("parts", 8, 3))
    #expect(whole.count == 10)
    for (name, tensor) in whole {
      #expect(relativeError(parts[name]?.values ?? [], tensor.values) < 1e-5, "\(name)")
    }
  }

  @Test func aBatchThatIsNotThereIsLeftOut() throws {
    func steps(_ count: Int, _ batch: Int, dropsLast: Bool) throws -> Int {
      var source = SmallTraining.Source()
      source.count = count
      let trainer = try SmallTraining.trainer(source: source) {
        $0.batch = batch
        $0.accumulation = 1
        $0.epochs = 1
        $0.dropsLast = dropsLast
      }
      return try trainer.run(in: scratch["\(count) \(batch) \(dropsLast)"]).steps
    }
    for (items, dropsLast) in [(47, false), (47, true), (5, true), (17, false), (16, false)] {
      var options = Trainer.Options()
      options.batch = 8
      options.dropsLast = dropsLast
      let name = "\(items) steps"
      defer { try? FileManager.default.removeItem(atPath: scratch["\(items) 8 \(dropsLast)"]) }
      #expect(
        try steps(items, 8, dropsLast: dropsLast) == options.stepsPerEpoch(items: items), "\(name)")
    }
    #expect(try steps(47, 8, dropsLast: false) == 6)
    #expect(try steps(47, 8, dropsLast: true) == 5)
    #expect(try steps(5, 8, dropsLast: true) == 1)
    // One item alone has no spread.
    #expect(try steps(17, 8, dropsLast: false) == 2)
    #expect(throws: ZooError.usage("there are no items to train on")) {
      try steps(0, 8, dropsLast: false)
    }
  }

  /// Before its first step there is nothing to keep: no folder, or the one that was there.
  @Test func aRunThatFailsAtOnceLeavesNothing() throws {
    struct Unreadable: BatchSource {
      let count = 20
      let fingerprint = "unreadable"
      func batch(_ items: [Int], epoch: Int, random: Random) throws -> Batch {
        throw ZooError.corrupt("no picture can be read")
      }
    }
    let small = try SmallTraining.trainer()
    let trainer = Trainer(
      small.graph, small.weights, Unreadable(), lesson: small.lesson, options: small.options)
    let error = #expect(throws: ZooError.self) { try trainer.run(in: scratch["run"]) }
    #expect(error?.message.contains("no picture can be read") == true)
    #expect(!FileManager.default.fileExists(atPath: scratch["run"]))

    try FileManager.default.createDirectory(
      atPath: scratch["mine"], withIntermediateDirectories: false)
    try Data("notes".utf8).write(to: URL(filePath: scratch["mine/notes.txt"]))
    #expect(throws: ZooError.self) { try trainer.run(in: scratch["mine"]) }
    #expect(try scratch.files("mine") == ["notes.txt"])
    _ = try SmallTraining.trainer { $0.epochs = 1 }.run(in: scratch["mine"])

    // What was there stays: a run that goes on and fails is not lost.
    try FileManager.default.removeItem(atPath: scratch["mine/last.h5"])
    let before = try scratch.files("mine")
    var broken = try SmallTraining.trainer { $0.epochs = 1 }
    broken.calls.pwrite = { _, _, _ in
      errno = EIO
      return -1
    }
    #expect(throws: ZooError.self) { try broken.run(in: scratch["mine"], resuming: true) }
    #expect(try scratch.files("mine") == before)
  }

  @Test func aBrokenPictureIsCaughtBeforeTheUpdate() throws {
    var source = SmallTraining.Source()
    source.broken = 3
    let error = #expect(throws: ZooError.self) {
      try SmallTraining.trainer(source: source).run(in: scratch["run"])
    }
    #expect(error?.message.contains("not finite in the input image (epoch 1, step") == true)
  }

  /// The exponent of a layer runs over in the middle of the network: it is named, and the saved
  /// state is the one before.
  @Test func theFirstBrokenLayerIsNamed() throws {
    struct Burst: Layer {
      var kind: String { "burst" }
      func output(_ inputs: [Shape]) throws -> Shape { inputs[0] }
      func forward(_ pass: Pass) {
        var largest: Float = 0
        for index in 0..<pass.output.count {
          pass.output.pointer[index] = pass.inputs[0].pointer[index]
          largest = max(largest, abs(pass.output.pointer[index]))
        }
        if largest > 1.8 { pass.output.pointer[0] = .infinity }
      }
      func backward(_ pass: Pass, _ gradients: Gradients) {
        guard let dx = gradients.inputs[0] else { return }
        for index in 0..<dx.count { dx.pointer[index] += gradients.output.pointer[index] }
      }
    }
    let graph = try Graph { input in
      let x = input("image", [2, 6, 6]).conv("conv1", to: 4, kernel: 3).batchNorm("bn1")
        .globalAveragePool().flatten().dense("fc1", to: 4)
        .callLayer(Burst(), "burst").dense("fc2", to: 3)
      return ["logits": x, "box": x.dense("place", to: 2)]
    }
    let small = try SmallTraining.trainer {
      $0.freezing = []
      $0.descent = .init(SGD())
      $0.rate = 0.2
      $0.epochs = 200
      $0.saveEvery = 1
      $0.plateau = nil
      $0.schedule = Constant()
    }
    let trainer = Trainer(
      graph, try Formula.weights(for: graph), small.source, lesson: small.lesson,
      options: small.options)
    let error = #expect(throws: ZooError.self) { try trainer.run(in: scratch["run"]) }
    #expect(error?.message.contains("the output of burst (burst, TrainerTests.swift:") == true)
    let saved = try WeightStore(scratch["run/last.h5"]).load()
    #expect(saved.count == graph.parameters.count)
    for (name, tensor) in saved { #expect(tensor.values.allSatisfy { $0.isFinite }, "\(name)") }
    let again = #expect(throws: ZooError.self) {
      try trainer.run(in: scratch["run"], resuming: true)
    }
    #expect(again == error)
  }

  /// The loss stays finite for long, because nothing normalises and cross-entropy is linear.
  @Test func aDivergingLossIsCaughtBeforeTheUpdate() throws {
    let graph = try Graph { input in
      let x = input("image", [2, 6, 6]).flatten()
      return ["logits": x.dense("fc", to: 3), "box": x.dense("place", to: 2)]
    }
    let small = try SmallTraining.trainer {
      $0.freezing = []
      $0.descent = .init(SGD(momentum: 0))
      $0.rate = 1e7
      $0.schedule = Constant()
      $0.plateau = nil
      $0.saveEvery = 1
    }
    let trainer = Trainer(
      graph, try Formula.weights(for: graph), small.source, lesson: small.lesson,
      options: small.options)
    let error = #expect(throws: ZooError.self) { try trainer.run(in: scratch["run"]) }
    let message = error?.message ?? ""
    #expect(message.contains("the parameter fc.weight has grown to"), "\(message)")
    #expect(message.contains("nothing was updated (epoch 1, step 2)"), "\(message)")
    // A run that resumes knows the loss of its first step.
    let again = #expect(throws: ZooError.self) {
      try trainer.run(in: scratch["run"], resuming: true)
    }
    #expect(again == error)
  }

  @Test func anOverflowingStepIsNotSaved() throws {
    let trainer = try SmallTraining.trainer {
      $0.descent = .init(SGD(momentum: 0))
      $0.rate = 1e38
      $0.saveEvery = 1
      $0.schedule = Constant()
    }
    let error = #expect(throws: ZooError.self) { try trainer.run(in: scratch["run"]) }
    #expect(error?.message.contains("not finite") == true)
    if let store = try? WeightStore(scratch["run/last.h5"]) {
      for (_, tensor) in try store.load() { #expect(tensor.values.allSatisfy { $0.isFinite }) }
    }
  }

  @Test func rates() throws {
    let finder = try SmallTraining.trainer().findRate(from: 1e-5, to: 1e3, steps: 60)
    #expect(finder.rates.count > 10)
    #expect((1e-4...10).contains(try #require(finder.suggestion)))
  }

  /// Two pictures in, through one backbone; labels that do not exclude each other, landmarks and
  /// an embedding out.
  @Test func severalOfEverything() throws {
    struct Pairs: BatchSource {
      let count = 32
      let fingerprint = "pairs"
      func batch(_ items: [Int], epoch: Int, random: Random) throws -> Batch {
        func pictures(_ side: Int) throws -> Tensor {
          try Tensor([items.count, 1, 4, 4]) { values in
            for index in values.indices {
              let item = items[index / 16]
              let isBright = index % 4 == (item + side) % 4
              values[index] =
                (isBright ? 1 : 0) + 0.1 * random.key(item).key(side).normal(index % 16)
            }
          }
        }
        func numbers(_ of: (Int) -> [Int]) throws -> Target {
          .values(try Tensor([items.count, 2], items.flatMap { of($0).map(Float.init) }))
        }
        return Batch(
          inputs: ["left": try pictures(0), "right": try pictures(1)],
          targets: [
            "labels": try numbers { [$0 % 2, $0 / 2 % 2] },
            "landmarks": try numbers { [$0 % 4, ($0 + 1) % 4] },
            "kind": .classes(items.map { Int32($0 % 4) }),
          ])
      }
    }
    let graph = try Graph { input in
      func tower(_ x: Node) -> Node {
        x.shared { $0.conv("conv", to: 4, kernel: 3, padding: 1).relu("relu").flatten("flat") }
      }
      let both = tower(input("left", [1, 4, 4])).concatenate(tower(input("right", [1, 4, 4])))
      return [
        "labels": both.dense("labels", to: 2), "landmarks": both.dense("landmarks", to: 2),
        "embedding": both.dense("embedding", to: 3),
      ]
    }
    var options = Trainer.Options()
    options.epochs = 30
    options.batch = 8
    options.descent = .init(AdamW())
    let trainer = Trainer(
      graph, try Weights(randomFor: graph, seed: 1), Pairs(),
      lesson: Objective([
        .init("labels", BinaryCrossEntropy()), .init("landmarks", MeanSquaredError(), weight: 0.2),
        .init("embedding", TripletLoss(), target: "kind", weight: 0.5),
      ]), options: options)
    let epochs = try trainer.run(in: scratch["run"]).epochs
    for part in 0..<3 {
      let (first, last) = (epochs[0].parts[part], epochs[29].parts[part])
      #expect(last.value < 0.25 * first.value, "\(first) \(last)")
    }
  }

  /// A head that learns from features that are computed once ends where the whole network with a
  /// frozen backbone does.
  @Test func featuresAreComputedOnce() throws {
    struct Fixed: BatchSource {
      let source = SmallTraining.Source()
      var isFixed = true
      var count: Int { source.count }
      var fingerprint: String { source.fingerprint }
      func batch(_ items: [Int], epoch: Int, random: Random) throws -> Batch {
        try source.batch(items, epoch: 0, random: Random(seed: 3))
      }
    }
    let backbone = { (x: Node) in
      x.stage("body") {
        $0.conv("conv1", to: 4, kernel: 3, padding: 1).batchNorm("bn1").relu()
          .globalAveragePool().flatten("features")
      }
    }
    let head = { (x: Node) -> KeyValuePairs<String, Node> in
      ["logits": x.dense("fc", to: 3), "box": x.dense("place", to: 2)]
    }
    let whole = try Graph { head(backbone($0("image", [2, 6, 6]))) }
    let frozen = try Graph { ["features": backbone($0("image", [2, 6, 6]))] }
    let top = try Graph { head($0("features", [4])) }
    let weights = try Formula.weights(for: whole)
    let small = try SmallTraining.trainer {
      $0.freezing = [.init("body")]
      $0.descent = .init(SGD())
    }
    _ = try Trainer(
      whole, weights, Fixed(), lesson: small.lesson, options: small.options
    ).run(in: scratch["whole"])

    var calls = 0
    let plan = try InferencePlan(frozen, weights, batch: 10)
    let features = try FeatureSource(Fixed(), through: "conv1", batch: 10) { inputs in
      calls += 1
      return try plan.run(inputs)
    }
    #expect(calls == 5 && features.isFixed && features.fingerprint == "small 1 through conv1")
    var options = small.options
    options.freezing = []
    _ = try Trainer(top, weights, features, lesson: small.lesson, options: options)
      .run(in: scratch["top"])
    let (all, learned) = (
      try WeightStore(scratch["whole/last.h5"]).load(),
      try WeightStore(scratch["top/last.h5"]).load()
    )
    #expect(learned.count == 4)
    for (name, tensor) in learned {
      // The compiled backbone has its norms folded: rounding, no more.
      #expect(relativeError(tensor.values, all[name]?.values ?? []) < 1e-4, "\(name)")
      #expect(tensor.values != weights[name]?.values)
    }
    #expect(throws: ZooError.self) {
      _ = try FeatureSource(SmallTraining.Source(), through: "x", batch: 8) { $0 }
    }
  }

  @Test func everyKindHasAName() throws {
    for kind in LossKind.allCases { #expect(kind.loss(channels: 2).json["kind"] != nil) }
    for kind in OptimizerKind.allCases {
      #expect(kind.optimizer().json["kind"]?.string == kind.rawValue)
    }
    for kind in ScheduleKind.allCases {
      let schedule = kind.schedule(steps: 90, warmUp: 10)
      #expect(schedule.factor(at: 0) < 0.11 && schedule.factor(at: 89) <= 1)
    }
    #expect(abs(ScheduleKind.step.schedule(steps: 90).factor(at: 89) - 0.01) < 1e-12)
  }

  /// The order is a permutation, another in each epoch, the same for the same seed.
  @Test func shuffling() {
    let source = SmallTraining.Source()
    let orders = (0..<3).map { source.order(epoch: $0, random: Random(seed: 1).key($0)) }
    for order in orders { #expect(order.sorted() == Array(0..<47)) }
    #expect(orders[0] != orders[1] && orders[1] != orders[2])
    #expect(orders[2] == source.order(epoch: 2, random: Random(seed: 1).key(2)))
  }
}
