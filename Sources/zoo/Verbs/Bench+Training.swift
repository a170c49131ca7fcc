import Glibc
import ModelZoo
import ZooArguments

extension BenchVerb {
  /// What stays as it is while the rest learns.
  enum Freezing: String, CaseIterable, ArgumentValue { case none, backbone }

  /// One step of training: forward, the cross-entropy's gradient, backward, SGD with momentum.
  ///
  /// Picture `i` belongs to class `37·i` modulo the classes, so that anyone can repeat the losses.
  final class TrainingStep: Workload {
    private let plan: TrainingPlan
    private let inputs: [String: Tensor]
    private let output: String
    private let random = Random(seed: 0)
    private var step = 0
    private var velocity: [Float] = []
    private(set) var loss: Double?

    private static let rate: Float = 1e-3
    private static let momentum: Float = 0.9

    init(
      _ graph: Graph, _ weights: Weights, _ images: Tensor, freezing: Freezing,
      _ engine: some Engine
    ) throws {
      var options = TrainingPlan.Options()
      if freezing == .backbone {
        let head = graph.operations(in: Stage.head).flatMap { graph.operations[$0].parameters }
        let names = Set(head.map(\.name))
        options.trainable = { names.contains($0.name) }
        options.frozenNorms = [Stage.backbone]
      }
      plan = try TrainingPlan(
        graph, weights, batch: images.shape[0], options: options, engine: engine)
      inputs = [graph.inputs[0].name: images]
      output = graph.outputs[0].name
    }

    var arenaBytes: Int { plan.arenaBytes }
    func profile() throws -> ProfileTable? { nil }

    func run() throws {
      try plan.forward(inputs, random: random.key(step))
      var scores = try plan.value(output)
      loss = try crossEntropy(&scores)
      try plan.backward([output: scores])
      plan.update(descend)
      step += 1
    }

    /// The mean over the batch; the scores become its gradient, softmax less the label over N.
    private func crossEntropy(_ scores: inout Tensor) throws -> Double {
      let batch = scores.shape[0]
      let classes = scores.count / batch
      var total = 0.0
      try scores.withMutableValues { values in
        for item in 0..<batch {
          let row = item * classes..<(item + 1) * classes
          let label = row.lowerBound + 37 * item % classes
          let peak = row.reduce(-Float.infinity) { max($0, values[$1]) }
          let sum = row.reduce(Float(0)) { $0 + exp(values[$1] - peak) }
          total -= Double(values[label] - peak - log(sum))
          for index in row { values[index] = exp(values[index] - peak) / sum / Float(batch) }
          values[label] -= 1 / Float(batch)
        }
      }
      return total / Double(batch)
    }

    private func descend(
      _ values: UnsafeMutableBufferPointer<Float>, _ gradients: UnsafeMutableBufferPointer<Float>
    ) {
      if velocity.isEmpty { velocity = Array(repeating: 0, count: values.count) }
      velocity.withUnsafeMutableBufferPointer { velocity in
        let velocity = velocity
        Threads.split(values.count) { range in
          for index in range {
            velocity[index] = TrainingStep.momentum * velocity[index] + gradients[index]
            values[index] -= TrainingStep.rate * velocity[index]
          }
        }
      }
    }
  }
}
