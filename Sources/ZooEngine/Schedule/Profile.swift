import ZooKit

/// One thing that a plan does at every run.
public struct PlanStage: Sendable {
  /// The step of the program that it belongs to.
  public let step: String
  /// The operation in one word, as summaries show it; `reorder` where a value changes its layout.
  public let kind: String
  /// The code that computes it, as the engine calls it.
  public let kernel: String
  /// Multiply-accumulates of the whole batch as the field counts them. A kernel after Winograd does
  /// fewer.
  public let macs: Int
}

/// Takes the time of every stage of a run.
public final class StageClock {
  /// Of the stages in order.
  public private(set) var laps: [Duration] = []
  private var last = ContinuousClock.now

  public init() {}

  func start() {
    laps.removeAll(keepingCapacity: true)
    resume()
  }

  /// The next stage begins now.
  func resume() { last = .now }

  func lap() {
    let now = ContinuousClock.now
    laps.append(last.duration(to: now))
    last = now
  }
}

extension InferencePlan {
  /// What a run consists of, in order.
  public var stages: [PlanStage] { executable.stages }

  /// The median time of every stage over so many runs.
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
