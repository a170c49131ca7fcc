import Synchronization
import TestSupport
import Testing
import ZooEngine
import ZooKit

/// What a second engine can do: take over single steps, train single operations, or take a whole
/// program. What it leaves runs as the layers do it.
struct SeamTests {
  @Test(arguments: 0..<20)
  func anEngineTakesSingleSteps(seed: Int) throws {
    let random = try RandomGraph(seed)
    let program = try Program(random.graph, random.weights).folded().fused()
    let input = try random.input(batch: 2)
    let engine = PointwiseEngine()
    let found = try engine.compile(program, batch: 2).outputs(program, [input])
    let expected = try LayerEngine().compile(program, batch: 2).outputs(program, [input])
    #expect(
      engine.calls.load(ordering: .relaxed) == program.steps.count(where: PointwiseEngine.takes))
    for (name, values) in expected {
      #expect(error(try #require(found[name]), values) <= 1e-5)
    }
  }

  @Test(arguments: 0..<20)
  func anEngineTrainsSingleOperations(seed: Int) throws {
    let random = try RandomGraph(seed)
    let engine = PointwiseEngine()
    let plans = try [
      TrainingPlan(random.graph, random.weights, batch: 2),
      TrainingPlan(random.graph, random.weights, batch: 2, engine: engine),
    ]
    for plan in plans {
      try plan.forward(["image": random.input(batch: 2)])
      try plan.backward([
        "logits": Formula.tensor("seed", plan.value("logits").shape),
        "maps": Formula.tensor("maps", plan.value("maps").shape),
      ])
    }
    let steps = try Program(random.graph, random.weights).steps
    #expect(engine.calls.load(ordering: .relaxed) >= steps.count { $0.layer is Dense })
    // Measured against the whole gradient: a bias in front of a norm has none but rounding.
    let whole = plans[0].update { _, gradients in Array(gradients) }
    let found = plans[1].update { _, gradients in Array(gradients) }
    let error = error(found, whole)
    #expect(error <= 1e-5, "\(random): \(error)")
    for slot in plans[0].slots {
      let (part, expected) = (Array(found[slot.range]), Array(whole[slot.range]))
      #expect(distance(part, expected) <= 2e-5 * max(norm(expected), 0.01 * norm(whole)))
    }
  }

  @Test func anEngineTakesAWholeProgram() throws {
    let graph = try residual()
    let program = try Program(graph, Formula.weights(for: graph)).folded().fused()
    let input = try Formula.tensor("image", [1, 4, 6, 6])
    let outputs = try WholeEngine().compile(program, batch: 1).outputs(program, [input])
    #expect(outputs == ["logits": [1, 2, 3]])
    #expect(WholeEngine().compile(program, batch: 1).arenaBytes == 12)
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

/// Takes over 1×1 convolutions without a stride, with whatever rides on them, as one loop; trains
/// dense layers in a loop of its own.
private final class PointwiseEngine: Engine {
  let name = "pointwise"
  let calls = Atomic<Int>(0)

  static func takes(_ step: Program.Step) -> Bool {
    guard let layer = step.layer as? Convolution else { return false }
    return layer.window == Window(1, stride: 1, padding: 0, dilation: 1) && layer.groups == 1
      && step.epilogue.allSatisfy { $0.layer is Add || ($0.layer as? Activation) == .relu }
  }

  func kernel(for step: Program.Step, shapes: [Shape], batch: Int) -> (any Kernel)? {
    PointwiseEngine.takes(step) ? Pointwise(step: step, engine: self) : nil
  }

  func trainingKernel(for operation: Graph.Operation, inputs: [Shape], batch: Int)
    -> (any TrainingKernel)?
  {
    operation.layer is Dense ? DenseLoop(engine: self) : nil
  }

  private struct Pointwise: Kernel {
    let step: Program.Step
    let engine: PointwiseEngine

    func run(_ inputs: [TensorView], into y: TensorView, _ scratch: Scratch) {
      engine.calls.add(1, ordering: .relaxed)
      let (x, weight) = (inputs[0], step.constants[0].values)
      let bias = step.constants.count > 1 ? step.constants[1].values : nil
      let plane = y.shape.height * y.shape.width
      for item in 0..<y.batch {
        for (output, place) in (0..<y.shape.channels).flatMap({ o in (0..<plane).map { (o, $0) } })
        {
          var sum = bias?[output] ?? 0
          for channel in 0..<x.shape.channels {
            sum += weight[output * x.shape.channels + channel] * x[item][channel * plane + place]
          }
          let index = output * plane + place
          var others = inputs.dropFirst()
          for rider in step.epilogue {
            if rider.layer is Add {
              for _ in rider.others { sum += others.removeFirst()[item][index] }
            } else {
              sum = max(sum, 0)
            }
          }
          y[item][index] = sum
        }
      }
    }
  }

  private struct DenseLoop: TrainingKernel {
    let engine: PointwiseEngine

    func forward(_ pass: Pass) {
      engine.calls.add(1, ordering: .relaxed)
      let (x, y, weight) = (pass.inputs[0], pass.output, pass.parameters[0].pointer)
      for item in 0..<y.batch {
        for o in 0..<y.stride {
          y[item][o] = pass.parameters[1].pointer[o]
          for i in 0..<x.stride { y[item][o] += weight[o * x.stride + i] * x[item][i] }
        }
      }
    }

    func backward(_ pass: Pass, _ gradients: Gradients) {
      let (x, dy, weight) = (pass.inputs[0], gradients.output, pass.parameters[0].pointer)
      for item in 0..<dy.batch {
        for o in 0..<dy.stride {
          gradients.parameters[1]?.pointer[o] += dy[item][o]
          for i in 0..<x.stride {
            gradients.parameters[0]?.pointer[o * x.stride + i] += dy[item][o] * x[item][i]
            gradients.inputs[0]?[item][i] += dy[item][o] * weight[o * x.stride + i]
          }
        }
      }
    }
  }
}

/// Answers without computing.
private struct WholeEngine: Engine {
  let name = "whole"

  func compile(_ program: Program, batch: Int) -> any Executable { Answer() }

  private final class Answer: Executable {
    let arenaBytes = 12
    private let tensor = try! Tensor([1, 3], [1, 2, 3])

    let stages: [PlanStage] = []

    func run(
      _ inputs: [UnsafePointer<Float>], _ clock: StageClock?, _ read: ([TensorView]) throws -> Void
    ) throws {
      let base = tensor.withValues { UnsafeMutablePointer(mutating: $0.baseAddress!) }
      try read([TensorView(base, batch: 1, shape: [3])])
    }
  }
}
