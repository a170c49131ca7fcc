import TestSupport
import Testing
import ZooFormats
import ZooKit
import ZooTraining

struct ScheduleTests {
  static let schedules: [String: any Schedule] = [
    "step": StepDecay(every: 7, by: 0.3),
    "cosine": CosineDecay(steps: 60, floor: 0.01),
    "onecycle": OneCycle(steps: 60),
    "warmup": WarmUp(steps: 12, then: CosineDecay(steps: 60)),
  ]

  /// PyTorch's are recurrences; ours are formulas of the step.
  @Test(arguments: schedules.keys.sorted()) func asInPyTorch(_ name: String) throws {
    let schedule = try #require(ScheduleTests.schedules[name])
    let golden = try GoldenFile("training/schedules.safetensors")
    for (step, rate) in try golden.values(name).enumerated() {
      #expect(abs(schedule.factor(at: step) - Double(rate)) < 1e-6, "\(step)")
    }
    guard name == "onecycle" else { return }
    for (step, momentum) in try golden.values("onecycle momentum").enumerated() {
      let found = try #require(schedule.momentum(at: step))
      #expect(abs(found - Double(momentum)) < 1e-6, "\(step)")
    }
  }

  @Test func aHeldRateStays() {
    let held = Held(OneCycle(steps: 60), from: 20)
    let cycle = OneCycle(steps: 60)
    for step in [0, 19, 20] {
      #expect(held.factor(at: step) == cycle.factor(at: step))
      #expect(held.momentum(at: step) == cycle.momentum(at: step))
    }
    #expect(held.factor(at: 59) == cycle.factor(at: 20))
    #expect(held.momentum(at: 59) == cycle.momentum(at: 20))
  }

  @Test func afterTheLastStepTheyStay() {
    #expect(CosineDecay(steps: 10).factor(at: 10) == 0)
    #expect(CosineDecay(steps: 10, floor: 0.5).factor(at: 99) == 0.5)
    let cycle = OneCycle(steps: 10)
    #expect(cycle.factor(at: 99) == cycle.factor(at: 9))
    for schedule in [CosineDecay(steps: 0), OneCycle(steps: 1), WarmUp(steps: 0)] as [any Schedule]
    {
      for step in 0..<3 { #expect(schedule.factor(at: step).isFinite) }
    }
  }

  @Test(arguments: Goal.allCases) func plateausAsInPyTorch(_ goal: Goal) throws {
    var plateau =
      goal == .lowest
      ? Plateau(factor: 0.5, patience: 2, cooldown: 1)
      : Plateau(factor: 0.3, patience: 1, floor: 0.01)
    let golden = try GoldenFile("training/schedules.safetensors").values("plateau \(goal.rawValue)")
    for (epoch, rate) in golden.enumerated() {
      let metric =
        1 / (1 + Double(epoch) / 4) + 0.2 * Double(Formula.unit("metrics", epoch))
      plateau.observe(goal == .lowest ? metric : 2 - metric, goal)
      #expect(abs(plateau.state.scale - Double(rate)) < 1e-6, "\(epoch)")
    }
    #expect(plateau.state.scale < 0.2)
  }

  @Test func whatIsNoNumberIsNoProgress() {
    var plateau = Plateau(factor: 0.5, patience: 0)
    plateau.observe(.nan, .lowest)
    #expect(plateau.state.best == nil && plateau.state.scale == 0.5)
    plateau.observe(1, .lowest)
    plateau.observe(.nan, .lowest)
    #expect(plateau.state.best == 1 && plateau.state.scale == 0.25)
    #expect(!Goal.highest.isBetter(.nan, than: nil) && Goal.highest.isBetter(0, than: nil))
    #expect(Goal.lowest.isBetter(1, than: 2) && !Goal.lowest.isBetter(2, than: 2))
  }

  /// A parabola of curvature 1 in 20 dimensions: descent is fastest below a rate of 1 and explodes
  /// beyond 2.
  @Test func theFinderStopsWhereTheLossBursts() throws {
    var x = (0..<20).map { 1 + Double(Formula.unit("x", $0)) }
    var finder = LearningRateFinder(from: 1e-4, to: 100, steps: 80)
    while let rate = finder.rate {
      finder.observe(x.reduce(0) { $0 + $1 * $1 / 2 })
      x = x.map { $0 - rate * $0 }
    }
    let suggestion = try #require(finder.suggestion)
    #expect((0.003...1).contains(suggestion), "\(suggestion)")
    #expect(try #require(finder.rates.last) < 100 && finder.rates.count < 80)
    #expect(finder.rates.first == 1e-4)
  }

  @Test func aLossThatNeverFallsSuggestsNothing() {
    var finder = LearningRateFinder(steps: 10)
    for loss in 0..<10 { finder.observe(Double(loss + 1)) }
    #expect(finder.suggestion == nil)
    var broken = LearningRateFinder(steps: 10)
    broken.observe(.nan)
    #expect(broken.rate == nil)
  }
}
