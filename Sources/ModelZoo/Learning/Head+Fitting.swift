import ZooKit

extension Variant {
  /// The parameters that depend on how many classes there are: what must be learned anew for other
  /// classes, even for as many.
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
  /// This network with a head for other classes, and what is known of it already: everything outside
  /// the new head is the model's, to the byte.
  ///
  /// Where kind and classes of the head are the model's own, it is kept. What of a new head does not
  /// depend on the classes (the hidden layers of VGG's) and has the same name and shape is kept too.
  /// - Parameters:
  ///   - head: the kind of the new head.
  ///   - classes: by name, in the order of the outputs.
  ///   - seed: of what begins with random numbers.
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
    // Auxiliary heads are the family's own, whatever stands over its features.
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
  /// What the parameters of a stage are called.
  func parameterNames(in stage: String) -> Set<String> {
    Set(operations(in: stage).flatMap { operations[$0].parameters.map(\.name) })
  }
}
