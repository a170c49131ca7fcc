import ZooEngine
import ZooKit
import ZooVision

extension ObjectDetector: Pipeline {
  /// The memory of the cached plans' values, in bytes.
  public var arenaBytes: Int { plans.arenaBytes }

  public func run(_ pictures: [Picture]) throws { _ = try detect(pictures) }

  public func outputs(_ pictures: [Picture]) throws -> Weights {
    let found = try detect(pictures).joined()
    var outputs = Weights()
    outputs["boxes"] = try Tensor([found.count, 4], found.flatMap(\.box.sides))
    outputs["labels"] = try Tensor([found.count], found.map { Float($0.index) })
    outputs["scores"] = try Tensor([found.count], found.map(\.score))
    return outputs
  }

  /// The median time of every stage of the network's parts, in the order in which they run, and of
  /// the whole. The difference is preprocessing and the decisions between the parts.
  public func profile(_ pictures: [Picture], runs: Int) throws
    -> (stages: [(stage: PlanStage, time: Duration)], whole: Duration)
  {
    defer { plans.laps = nil }
    var laps: [[(stage: PlanStage, time: Duration)]] = []
    var wholes: [Duration] = []
    for _ in 0..<max(1, runs) {
      plans.laps = []
      wholes.append(try ContinuousClock().measure { _ = try detect(pictures) })
      laps.append(plans.laps ?? [])
    }
    let stages = laps[0].indices.map { index in
      let times = laps.compactMap { $0.indices.contains(index) ? $0[index].time : nil }.sorted()
      return (stage: laps[0][index].stage, time: times[times.count / 2])
    }
    return (stages, wholes.sorted()[wholes.count / 2])
  }
}
