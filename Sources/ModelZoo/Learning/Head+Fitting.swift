import ZooKit

extension Variant {
  /// The parameters that depend on the number of classes. They must be trained anew for other
  /// classes, even if the number is the same.
  func classParameters(_ head: Head.Kind, classes: Int, input: Shape, normEpsilon: Double?) throws
    -> Set<String>
  {
    func shapes(_ classes: Int) throws -> [String: Shape] {
      let graph = try graph(head: head(classes: classes), input: input, normEpsilon: normEpsilon)
      return Dictionary(
        graph.parameters.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    }
    let (few, more) = (try shapes(classes), try shapes(classes + 1))
    return Set(few.filter { more[$0.key] != $0.value }.keys)
  }
}

extension Model {
  /// This network with a head for other classes; everything outside of the new head is the model's,
  /// to the byte.
  ///
  /// If kind and classes of the head are the model's own, it is kept. Parameters of a new head that
  /// do not depend on the classes (the hidden layers of VGG's) and have the same name and shape are
  /// kept too.
  /// - Parameters:
  ///   - head: the kind of the new head.
  ///   - classes: the names, in the order of the outputs.
  ///   - seed: the seed of random initialisation.
  /// - Returns: the network, its weights, and the names of the tensors that are new.
  func fitted(_ head: Head.Kind, classes: [String], seed: UInt64) throws
    -> (graph: Graph, weights: Weights, new: [String])
  {
    if head == checkpoint.head, classes == checkpoint.classes { return (graph, weights, []) }
    let graph = try variant.graph(
      head: head(classes: classes.count), input: checkpoint.input,
      normEpsilon: checkpoint.normEpsilon)
    let ofClasses = try variant.classParameters(
      head, classes: classes.count, input: checkpoint.input, normEpsilon: checkpoint.normEpsilon)
    let headParameters = graph.parameterNames(in: Stage.head)
    // Auxiliary heads are always the family's own.
    let own = head == checkpoint.head ? headParameters : graph.parameterNames(in: Stage.auxiliary)
    var fitted = Weights()
    var new: [String] = []
    for parameter in graph.parameters {
      let known = weights[parameter.name].flatMap { $0.shape == parameter.shape ? $0 : nil }
      if let known, !ofClasses.contains(parameter.name),
        !headParameters.contains(parameter.name) || own.contains(parameter.name)
      {
        fitted[parameter.name] = known
      } else if headParameters.contains(parameter.name) || ofClasses.contains(parameter.name) {
        fitted[parameter.name] = try Tensor(randomFor: parameter, seed: seed)
        new.append(parameter.name)
      } else {
        throw ZooError.corrupt(
          "\(name) lacks the tensor \(parameter.name) \(parameter.shape) outside its head")
      }
    }
    return (graph, fitted, new)
  }
}

extension Graph {
  /// The names of a stage's parameters.
  func parameterNames(in stage: String) -> Set<String> {
    Set(operations(in: stage).flatMap { operations[$0].parameters.map(\.name) })
  }
}
