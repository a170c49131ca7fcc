import ZooEngine
import ZooKit

extension Conformance {
  /// Every layer fills exactly the shape in the summary and uses every parameter it counts, and a
  /// plan does the counted multiply-accumulates.
  func checkSummary(_ sample: Sample, _ notes: inout Notes) throws {
    for part in sample.parts {
      var said: Set<String> = []
      func say(_ message: String, _ notes: inout Notes) {
        if said.insert(message).inserted { notes.note(message) }
      }
      var problems: [String] = []
      _ = try Walkthrough(part.graph, sample.weights, try part.inputs(), batch: part.batch) {
        trial, inputs, parameters, result in
        let operation = trial.operation
        let untouched = result.output.count {
          $0.bitPattern == LayerTrial.untouched.bitPattern
        }
        if untouched > 0 {
          problems.append(
            "\(operation.name) is \(operation.shape) in the summary, but leaves \(untouched) of "
              + "\(result.output.count) numbers unwritten")
        }
        guard result.output.contains(where: { $0 != 0 }) else { return }
        for index in parameters.indices {
          var other = parameters
          other[index] = other[index].map { 1.5 * $0 + 0.25 }
          if try trial.forward(inputs, other).output == result.output {
            problems.append(
              "\(operation.parameters[index].name) is counted in the summary and makes no difference"
            )
          }
        }
      }
      for problem in problems { say(problem, &notes) }
      let plan = try InferencePlan(
        part.graph, sample.weights, batch: part.batch, engine: LayerEngine())
      let computed = plan.stages.reduce(0) { $0 + $1.macs }
      let counted = part.graph.operations.indices.reduce(0) { sum, index in
        let operation = part.graph.operations[index]
        guard !part.graph.isAuxiliary(index) else { return sum }
        return sum + part.graph.macs(of: index) / operation.count
      }
      notes.expect(
        computed > 0 && computed <= part.batch * counted || counted == 0,
        else: "the summary counts \(counted) multiply-accumulates, a plan \(computed / part.batch)")
    }
  }
}
