import ModelZoo

/// The family is registered because it is linked; the code does not name its type.
@main enum Program {
  static func main() throws {
    let zoo = try Zoo()
    let graph = try zoo.registry.variant("nin-cifar10").graph()
    let weights = try Weights(randomFor: graph, seed: 1)
    let plan = try InferencePlan(graph, weights, batch: 1)
    let image = try Tensor([1, 3, 32, 32], (0..<3072).map { Float($0) / 3072 })
    let answer = try plan.run(["image": image])
    print("families:", zoo.registry.families.map(\.name).joined(separator: " "))
    print("nin-cifar10: \(graph.parameterCount) parameters, \(answer["logits"]?.shape ?? [])")

    let class3 = try NetworkSubject(
      "class 3", of: "logits", .place(3), in: ExplainedNetwork(graph, weights))
    var options = ExplanationOptions()
    options.samples = 4
    let maps = try ExplanationMethods.all(options).map { method in
      try method.attribution(of: class3, for: image.reshaped([3, 32, 32])).map(32, 32)
    }
    let finite = maps.filter { $0.values.allSatisfy(\.isFinite) }.count
    print("explained by \(finite) of \(ExplanationMethods.names.count) methods")
  }
}
