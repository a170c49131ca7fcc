import ZooKit

/// The number whose causes are sought: the score of a class, a neuron, a box of a detector.
///
/// A method asks for nothing else, so it works for every subject. A subject that gradients do not
/// reach throws an error from ``gradients(at:of:rule:)`` that says so.
public protocol Subject: AnyObject {
  /// As a person names it: `bee`, `layer3:17`.
  var name: String { get }

  /// The network around it, whose layers a method may ask for.
  var graph: Graph { get }

  /// The layer whose maps are used unless another is named: the last that still has places.
  var lastMap: String? { get }

  /// The class activation map needs to know how the number depends on that layer.
  var output: Output? { get }

  /// The number for inputs that are made one after another, N times C×H×W.
  /// - Parameters:
  ///   - count: how many inputs there are.
  ///   - scale: in which form the number is wanted.
  ///   - fill: writes one input.
  func scores(
    of count: Int, on scale: Scale,
    filledBy fill: (_ index: Int, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws -> [Double]

  /// The derivatives of the number at inputs or layers, and their values there.
  /// - Parameters:
  ///   - points: names of inputs, layers or stages.
  ///   - batch: N×C×H×W; each item has a number of its own.
  ///   - rule: how gradients pass rectifiers.
  func gradients(at points: [String], of batch: Tensor, rule: Rule) throws
    -> [String: (value: Tensor, gradient: Tensor)]

  /// The number for every window of a larger picture C×H×W: rows × columns.
  func windows(of picture: Tensor) throws -> SlidingNetwork.Answers

  /// The value of a layer, N×C×H×W.
  func value(of layer: String, for batch: Tensor) throws -> Tensor
}

extension Subject {
  public func windows(of picture: Tensor) throws -> SlidingNetwork.Answers {
    throw ZooError.usage("sliding-window explains a class or a number, not \(name)")
  }
}

/// A number of one of a network's outputs.
public struct Output: Hashable, Sendable {
  /// The output's name, or a layer's.
  public let value: String
  /// The channel, or the place in a vector.
  public let channel: Int
}

/// The form of a score.
public enum Scale: Sendable {
  /// As the network gives it, such as a logit: what gradients are the derivatives of.
  case raw
  /// From 0 to 1 where the task has probabilities.
  case probability
}

extension Subject {
  /// The layer that a user named, or the last map.
  func layer(_ wanted: String?) throws -> String {
    guard let name = wanted ?? lastMap else {
      throw ZooError.usage("the network has no feature map before its head; name one with --layer")
    }
    guard let index = graph.operation(named: name) else {
      throw ZooError.usage(
        "the network has no stage or layer “\(name)”" + suggestion(name, among: graph.names))
    }
    let shape = graph.operations[index].shape
    let picture = graph.inputs[0].operation
    guard shape.rank == 3, shape.height * shape.width > 1,
      // A map of a region of the picture is none of the picture.
      graph.ancestors(of: [index]).allSatisfy({
        !graph.operations[$0].layer.isInput || $0 == picture
      })
    else {
      throw ZooError.usage(
        "\(name) is \(shape), without places on the picture; name an earlier layer"
          + (lastMap.map { ", such as \($0)" } ?? ""))
    }
    return name
  }

  /// The number of single inputs.
  package func score(of input: Tensor, on scale: Scale) throws -> Double {
    try scores(of: 1, on: scale) { _, values in
      _ = input.withValues { values.update(fromContentsOf: $0) }
    }[0]
  }

  /// The derivative at the picture, for one input C×H×W.
  package func gradient(of input: Tensor, rule: Rule = .plain) throws -> Tensor {
    let batch = input.reshaped(Shape([1] + input.shape.sizes))
    let point = graph.inputs[0].name
    guard let found = try gradients(at: [point], of: batch, rule: rule)[point] else {
      throw ZooError.failure("no gradient of \(point)")
    }
    return found.gradient.reshaped(input.shape)
  }

  /// Value and derivative at a layer, each C×H×W, for one input.
  func gradient(at layer: String, of input: Tensor) throws -> (value: Tensor, gradient: Tensor) {
    let batch = input.reshaped(Shape([1] + input.shape.sizes))
    guard let (value, gradient) = try gradients(at: [layer], of: batch, rule: .plain)[layer] else {
      throw ZooError.failure("no gradient of \(layer)")
    }
    let shape = Shape(Array(value.shape.sizes.dropFirst()))
    return (value.reshaped(shape), gradient.reshaped(shape))
  }
}

extension Graph {
  /// The last map before the head that has more than one place, not one that a head of fixed size has
  /// resized.
  public var lastMap: String? {
    guard let last = lastFeatures else { return nil }
    let path = ancestors(of: [last]).sorted()
    return path.last(where: isMap).map { operations[$0].name }
  }

  func isMap(_ index: Int) -> Bool {
    let (shape, layer) = (operations[index].shape, operations[index].layer)
    return shape.rank == 3 && shape.height * shape.width > 1 && !layer.isInput
      && !(layer is AdaptivePool)
  }
}
