import ZooKit

extension Variant {
  /// The family's names for the parameters of a linear head, if its own head is the same layers;
  /// nil if it is another network.
  ///
  /// ResNet's head is a linear head under the name `fc`; VGG's is not.
  /// - Parameter inTraining: whether both must also compute the same in training, where dropout
  ///   counts.
  package func familyNames(
    ofLinearHead classes: Int, input: Shape, normEpsilon: Double?, inTraining: Bool
  ) throws -> [String: String]? {
    func layers(_ head: Head) throws -> [Graph.Operation] {
      let graph = try graph(head: head, input: input, normEpsilon: normEpsilon)
      return graph.operations(in: Stage.head).filter { !graph.isAuxiliary($0) }
        .map { graph.operations[$0] }
        .filter { !$0.layer.isIdentity || inTraining && $0.layer.dependsOnMode }
    }
    let (linear, own) = (
      try layers(.linear(classes: classes)), try layers(.original(classes: classes))
    )
    guard linear.count == own.count else { return nil }
    var names: [String: String] = [:]
    for (linear, own) in zip(linear, own) {
      guard linear.layer.kind == own.layer.kind, linear.shape == own.shape,
        linear.parameters.map(\.role) == own.parameters.map(\.role),
        linear.parameters.map(\.shape) == own.parameters.map(\.shape)
      else { return nil }
      for (place, parameter) in linear.parameters.enumerated() {
        names[parameter.name] = own.parameters[place].name
      }
    }
    return names.isEmpty ? nil : names
  }
}
