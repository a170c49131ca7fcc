import Foundation
import Synchronization
import TestSupport
import Testing
import ZooEngine
import ZooKit
import ZooStore
import ZooTraining

/// A frozen prefix's output for data that does not vary is computed once per item.
struct FrozenPrefixTests {
  let scratch = Scratch()

  /// The small run's pictures without noise; counts how often each is requested.
  final class Fixed: BatchSource {
    let isFixed: Bool
    let count = 47
    let fingerprint = "fixed"
    /// Items that no epoch requests and that cannot be read.
    let missing: Set<Int>
    private let asked = Mutex<[Int: Int]>([:])

    init(_ isFixed: Bool = true, missing: Set<Int> = []) {
      self.isFixed = isFixed
      self.missing = missing
    }

    var readings: [Int: Int] { asked.withLock { $0 } }

    func order(epoch: Int, random: Random) -> [Int] {
      let all = (0..<count).filter { !missing.contains($0) }
      return epoch % 2 == 0 ? all : all.reversed()
    }

    func batch(_ items: [Int], epoch: Int, random: Random) throws -> Batch {
      if let item = items.first(where: missing.contains) {
        throw ZooError.corrupt("item \(item) is broken")
      }
      asked.withLock { asked in
        for item in Set(items) { asked[item, default: 0] += 1 }
      }
      return try SmallTraining.Source().batch(items, epoch: 0, random: Random(seed: 3))
    }
  }

  private func trainer(
    _ source: Fixed, _ freezing: Freezing, engine: EngineChoice = .auto,
    _ change: (inout Trainer.Options) -> Void = { _ in }
  ) throws -> Trainer {
    let small = try SmallTraining.trainer {
      $0.freezing = freezing
      change(&$0)
    }
    var trainer = try Trainer(
      small.graph, small.weights, source, lesson: small.lesson, options: small.options,
      engine: engine)
    trainer.evaluate = small.evaluate
    return trainer
  }

  static let frozenStem: Freezing = [.init("stem")]
  static let gradual = Freezing([.init("body", until: 2), .init("stem", until: 3)])

  /// Every step equals that without the cache, each item is read once for all epochs, and the
  /// checkpoint holds the whole network, with the frozen part unchanged to the byte.
  @Test(arguments: EngineChoice.available, [frozenStem, gradual, [.backbone]])
  func theSameLosses(_ engine: EngineChoice, _ freezing: Freezing) throws {
    var losses: [[Double]] = []
    var stored: [[String: Tensor]] = []
    for isFixed in [true, false] {
      let source = Fixed(isFixed)
      var trainer = try trainer(source, freezing, engine: engine)
      var (run, prepared): ([Double], [Int]) = ([], [])
      trainer.progress = { run.append($0.loss) }
      trainer.featureProgress = {
        prepared.append($0)
        #expect($1 == 47)
      }
      let report = try trainer.run(in: scratch["\(isFixed)"])
      losses.append(run)
      stored.append(try WeightStore(scratch["\(isFixed)/last.h5"]).load())
      #expect(stored.last?.count == 15 && report.tensors == 15)
      #expect(Set(try WeightStore(scratch["\(isFixed)/best.h5"]).load().keys).count == 15)
      if isFixed {
        // Gradual freezing computes features twice: from the third epoch less is frozen. The last
        // two epochs read the pictures themselves.
        let isGradual = freezing.stretches.count == 2
        #expect(prepared.filter { $0 == 47 }.count == (isGradual ? 2 : 1))
        let once = isGradual ? 4 : 1
        #expect(source.readings.values.allSatisfy { $0 == once })
      } else {
        #expect(prepared.isEmpty && source.readings.values.allSatisfy { $0 == 5 })
      }
    }
    #expect(losses[0].count == 15)
    for (once, always) in zip(losses[0], losses[1]) { #expect(abs(once - always) < 2e-5 * always) }
    for (name, tensor) in stored[0] {
      #expect(relativeError(tensor.values, stored[1][name]?.values ?? []) < 1e-3, "\(name)")
    }
    let start = try SmallTraining.trainer().weights
    for name in ["conv1.weight", "bn1.weight", "bn1.running_mean", "bn1.running_var"]
    where freezing.stretches.allSatisfy({ $0.until == nil }) {
      #expect(stored[0][name]?.values == start[name]?.values, "\(name)")
    }
  }

  /// Stopped after every step and while features are computed, then resumed: the same bytes, with
  /// features in memory and in a file.
  @Test(arguments: zip([frozenStem, gradual], [0, 1 << 30]))
  func interruptedAnywhere(_ freezing: Freezing, _ memory: Int) throws {
    _ = try trainer(Fixed(), freezing).run(in: scratch["whole"])
    var runs = 0
    while true {
      var trainer = try trainer(Fixed(), freezing) { $0.featureMemory = memory }
      let interruption = Interruption()
      trainer.interruption = interruption
      trainer.progress = { _ in interruption.request(SIGINT) }
      trainer.featureProgress = { done, _ in
        #expect(try! scratch.files("parts").allSatisfy { !$0.hasSuffix(".partial") })
        if runs % 2 == 0, done > 20 { interruption.request(SIGTERM) }
      }
      let report = try trainer.run(in: scratch["parts"], resuming: runs > 0)
      runs += 1
      guard report.interruption != nil, runs < 60 else { break }
    }
    #expect(runs > 20)
    for file in ["best.h5", "last.h5", "log.csv", "curves.svg"] {
      #expect(try scratch.bytes("whole/\(file)") == scratch.bytes("parts/\(file)"), "\(file)")
    }
    #expect(try scratch.files("parts") == scratch.files("whole"))
  }

  /// An item that is in no order is not read.
  @Test func onlyWhatIsAskedFor() throws {
    let source = Fixed(missing: [0, 13, 46])
    _ = try trainer(source, FrozenPrefixTests.frozenStem).run(in: scratch["run"])
    #expect(source.readings.count == 44 && source.readings.values.allSatisfy { $0 == 1 })
  }

  /// A full disk ends the run with a clear error.
  @Test func noRoomForFeatures() throws {
    var trainer = try trainer(Fixed(), FrozenPrefixTests.frozenStem) { $0.featureMemory = 0 }
    let write = trainer.calls.pwrite
    trainer.calls.pwrite = { file, bytes, at in
      // A batch of features, box and class.
      guard bytes.count == 8 * 4 * (4 * 36 + 2 + 1) else { return write(file, bytes, at) }
      errno = ENOSPC
      return -1
    }
    let error = #expect(throws: ZooError.self) { try trainer.run(in: scratch["run"]) }
    #expect(error?.kind == .io && error?.message.contains("features") == true, "\(error as Any)")
  }

  /// Invalid input is refused before training starts.
  @Test func aBrokenBeginning() throws {
    var small = try SmallTraining.trainer { $0.freezing = FrozenPrefixTests.frozenStem }
    var weights = small.weights
    weights["bn1.weight"] = try Tensor([4], [1, .infinity, 1, 1])
    small = Trainer(
      small.graph, weights, Fixed(), lesson: small.lesson, options: small.options)
    let error = #expect(throws: ZooError.self) { try small.run(in: scratch["run"]) }
    #expect(error?.message == "the parameter bn1.weight, which is frozen, is not finite")
  }
}

extension EngineChoice {
  /// Both engines, or the one that is available.
  static let available: [EngineChoice] = objection == nil ? [.openblas, .onednn] : [.openblas]
}
