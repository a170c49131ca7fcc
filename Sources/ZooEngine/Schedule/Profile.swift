import ZooKit

/// One stage of a plan's run.
public struct PlanStage: Sendable {
  /// The step of the program that it belongs to.
  public let step: String
  /// The operation in one word, as in summaries; `reorder` for a change of layout.
  public let kind: String
  /// The engine's name for the code that computes it.
  public let kernel: String
  /// The multiply-accumulates of the whole batch, by the usual count. A Winograd kernel does fewer.
  public let macs: Int
}

/// Records the time of every stage of a run.
public final class StageClock {
  /// The times of the stages, in order.
  public private(set) var laps: [Duration] = []
  private var last = ContinuousClock.now

  public init() {}

  func start() {
    laps.removeAll(keepingCapacity: true)
    resume()
  }

  /// Starts the next stage.
  func resume() { last = .now }

  func lap() {
    let now = ContinuousClock.now
    laps.append(last.duration(to: now))
    last = now
  }
}

extension InferencePlan {
  /// The stages of a run, in order.
  public var stages: [PlanStage] { executable.stages }

  /// The median time of every stage over a number of runs.
  ///
  /// ```swift
  /// for (stage, time) in zip(plan.stages, try plan.profile(["image": batch], runs: 20)) { … }
  /// ```
  public func profile(_ values: [String: Tensor], runs: Int) throws -> [Duration] {
    let clock = StageClock()
    var laps: [[Duration]] = []
    for _ in 0..<max(1, runs) {
      try run(values, clock) { _ in }
      laps.append(clock.laps)
    }
    return stages.indices.map { stage in laps.map { $0[stage] }.sorted()[laps.count / 2] }
  }
}
