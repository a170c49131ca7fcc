import TestSupport
import Testing
import ZooEngine
import ZooKit

/// What a second engine can do: run a program, train one, or neither, and then its layers do.
struct SeamTests {
  @Test func anEngineTakesAWholeProgram() throws {
    let graph = try residual()
    let program = try Program(graph, Formula.weights(for: graph)).folded().fused()
    let input = try Formula.tensor("image", [1, 4, 6, 6])
    let outputs = try WholeEngine().compile(program, batch: 1).outputs(program, [input])
    #expect(outputs == ["logits": [1, 2, 3]])
    #expect(WholeEngine().compile(program, batch: 1).arenaBytes == 12)
  }

  @Test func anEngineTrainsAProgram() throws {
    let graph = try residual()
    let plan = try TrainingPlan(
      graph, Formula.weights(for: graph), batch: 1, engine: WholeEngine())
    try plan.forward(["image": Formula.tensor("image", [1, 4, 6, 6])])
    #expect(try plan.value("logits").values == [1, 2, 3])
    try plan.backward(["logits": Formula.tensor("seed", [1, 3])])
    #expect(plan.arenaBytes == 12)
  }

  @Test func anEngineIsAtLeastAName() throws {
    struct Nameless: Engine { let name = "nothing of its own" }
    let random = try RandomGraph(3)
    let program = try Program(random.graph, random.weights)
    let input = try random.input(batch: 1)
    #expect(
      try Nameless().compile(program, batch: 1).outputs(program, [input])
        == LayerEngine().compile(program, batch: 1).outputs(program, [input]))
  }
}

/// Answers without computing.
private struct WholeEngine: Engine {
  let name = "whole"

  func compile(_ program: Program, batch: Int) -> any Executable { Answer() }

  func trainingRunner(for program: Program, _ parameters: LearnedParameters, batch: Int)
    -> any TrainingRunner
  { Answer() }

  private final class Answer: Executable, TrainingRunner {
    let arenaBytes = 12
    let stages: [PlanStage] = []
    var clock: StageClock?
    private let tensor = try! Tensor([1, 3], [1, 2, 3])

    private var view: TensorView {
      let base = tensor.withValues { UnsafeMutablePointer(mutating: $0.baseAddress!) }
      return TensorView(base, batch: 1, shape: [3])
    }

    func run(
      _ inputs: [UnsafePointer<Float>], _ clock: StageClock?, _ read: ([TensorView]) throws -> Void
    ) throws { try read([view]) }

    func forward(_ inputs: [UnsafePointer<Float>], _ random: Random) {}
    func backward(
      _ seeds: [Program.Value: [Tensor]], _ random: Random, _ rule: Rule, accumulating: Bool
    ) {}
    func value(of value: Program.Value) -> TensorView? { view }
    func gradient(of value: Program.Value) -> TensorView? { nil }
  }
}
