import ModelZoo

/// The family is registered because it is linked; the code does not name its type.
@main enum Program {
  static func main() throws {
    let zoo = try Zoo()
    let graph = try zoo.registry.variant("nin-cifar10").graph()
    let plan = try InferencePlan(graph, Weights(randomFor: graph, seed: 1), batch: 1)
    let image = try Tensor([1, 3, 32, 32], (0..<3072).map { Float($0) / 3072 })
    let answer = try plan.run(["image": image])
    print("families:", zoo.registry.families.map(\.name).joined(separator: " "))
    print("nin-cifar10: \(graph.parameterCount) parameters, \(answer["logits"]?.shape ?? [])")
  }
}
