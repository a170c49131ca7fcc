import ZooData
import ZooKit

extension Model {
  /// The model for the task of the data. If that is another task that its network can do, it loses
  /// its head.
  func learning(_ data: Dataset) throws -> Model {
    guard data.task != checkpoint.task else { return self }
    guard try data.task.definition.suits(variant.architecture) else {
      throw ZooError.corrupt(
        "\(data.path) is for \(data.task.rawValue), \(name) for \(checkpoint.task.rawValue)")
    }
    var checkpoint = checkpoint
    checkpoint.task = data.task
    (checkpoint.classes, checkpoint.head) = ([], .none)
    let graph = try variant.graph(
      head: Head.none, input: checkpoint.input, normEpsilon: checkpoint.normEpsilon)
    var weights = Weights()
    for parameter in graph.parameters { weights[parameter.name] = self.weights[parameter.name] }
    checkpoint.random.removeAll { weights[$0] == nil }
    return Model(
      name: name, checkpoint: checkpoint, variant: variant, graph: graph, weights: weights)
  }
}
