import ZooEngine
import ZooExplain
import ZooKit
import ZooStore
import ZooVision

/// Explains what a model says of pictures. It keeps the compiled network for the next picture, method
/// and class. Not thread-safe.
///
/// ```swift
/// let explainer = Explainer(model)
/// let seen = try explainer.view(of: photo)
/// for subject in try explainer.subjects([.top, .class("bee")], of: seen) {
///   let explanation = try explainer.explain(subject, of: seen, by: .gradCAM)
///   try explanation.overlay(on: photo).write(png: "\(subject.name).png")
/// }
/// ```
public final class Explainer {
  public let model: Model
  private let engine: EngineChoice
  private let networks = PlanCache<Shape, ExplainedNetwork>(capacity: 2)

  public init(_ model: Model, engine: EngineChoice = .auto) {
    (self.model, self.engine) = (model, engine)
  }

  /// A picture as the network sees it.
  public func view(of picture: Picture) throws -> ExplainedView {
    let task = try model.checkpoint.task.definition
    let (input, placement) = try task.explainedInput(of: picture, for: model)
    let network = try networks.plan(for: input.shape) {
      try ExplainedNetwork(try model.graph(for: input.shape), model.weights, engine: engine)
    }
    return ExplainedView(
      model: model, picture: picture, input: input, placement: placement, network: network,
      engine: engine)
  }

  /// The numbers that the targets mean.
  public func subjects(
    _ targets: [ExplanationTarget], of view: ExplainedView, _ options: TaskOptions = [:]
  ) throws -> [any Subject] {
    let task = try model.checkpoint.task.definition
    return try targets.map { target in
      if case .neuron(let layer, let channel, let y, let x) = target {
        return try view.neuron(layer, channel, y, x)
      }
      return try task.subject(target, of: view, options)
    }
  }

  /// How much each place of the picture counts for a number.
  public func explain(
    _ subject: any Subject, of view: ExplainedView, by method: some ExplanationMethod
  ) throws -> Explanation {
    let (input, placement) = try view.seen(as: method.extent)
    return Explanation(
      try method.attribution(of: subject, for: input), of: subject.name, by: method.name,
      input.shape, placement, model.checkpoint.preprocessing)
  }
}

extension Explainer {
  /// How the score falls and rises as pixels are removed and shown in the order of a map.
  public func faithfulness(
    of explanation: Explanation, _ subject: any Subject, _ view: ExplainedView
  ) throws -> Faithfulness {
    try Faithfulness(of: explanation.attribution, subject, for: view.input)
  }
}

/// A picture and what a network sees of it.
public struct ExplainedView {
  public let model: Model
  public let picture: Picture
  /// C×H×W.
  public let input: Tensor
  public let placement: Placement
  public let network: ExplainedNetwork
  public let engine: EngineChoice

  /// The picture for a method that wants to see more of it than the network does.
  func seen(as extent: PictureExtent) throws -> (input: Tensor, placement: Placement) {
    guard case .whole(let wanted) = extent else { return (input, placement) }
    var whole = model.checkpoint.preprocessing
    let side = wanted ?? 2 * min(model.checkpoint.input.height, model.checkpoint.input.width)
    (whole.resize, whole.crop, whole.multiple) = (.shorterSide(side), nil, 1)
    let placement = try whole.placement(of: picture.size)
    let (size, most) = (placement.resized, 4_000_000)
    guard size.height.multipliedReportingOverflow(by: size.width).partialValue <= most,
      max(size.height, size.width) <= most
    else {
      throw ZooError.usage(
        "--scale \(side) makes the picture \(size.width)×\(size.height), more than the "
          + "\(most) pixels that windows slide over")
    }
    return (try whole.tensor(from: picture), placement)
  }

  /// A value of the network for the picture, without the batch.
  public func value(of name: String) throws -> Tensor {
    let batch = input.reshaped(Shape([1] + input.shape.sizes))
    let value = try network.value(of: name, for: batch)
    return value.reshaped(Shape(Array(value.shape.sizes.dropFirst())))
  }
}

extension ExplainedView {
  fileprivate func neuron(_ layer: String, _ channel: Int, _ y: Int?, _ x: Int?) throws
    -> NetworkSubject
  {
    guard let index = network.graph.operation(named: layer) else {
      throw ZooError.usage(
        "\(model.name) has no stage or layer “\(layer)”"
          + suggestion(layer, among: network.graph.names))
    }
    let shape = network.graph.operations[index].shape
    let isMap = shape.rank == 3
    guard channel < shape.channels else {
      throw ZooError.usage("\(layer) is \(shape); there is no channel \(channel)")
    }
    guard let y, let x else {
      return try NetworkSubject(
        "\(layer):\(channel)", of: layer, .strongest(channel: channel), in: network)
    }
    guard isMap, y < shape.height, x < shape.width else {
      throw ZooError.usage("\(layer) is \(shape); there is no place \(y),\(x)")
    }
    return try NetworkSubject(
      "\(layer):\(channel),\(y),\(x)", of: layer,
      .place((channel * shape.height + y) * shape.width + x), in: network)
  }
}

extension Model {
  /// Why the model says what it says of a picture.
  ///
  /// ```swift
  /// let explanation = try model.explain(photo, .gradCAM, of: .class("bee"))
  /// try explanation.overlay(on: photo).write(png: "why.png")
  /// ```
  /// For several pictures, methods or classes, an ``Explainer`` compiles the network once.
  public func explain(
    _ picture: Picture, _ method: some ExplanationMethod, of target: ExplanationTarget = .top,
    _ options: TaskOptions = [:]
  ) throws -> Explanation {
    let explainer = Explainer(self)
    let view = try explainer.view(of: picture)
    let subject = try explainer.subjects([target], of: view, options)[0]
    return try explainer.explain(subject, of: view, by: method)
  }
}

extension Model {
  /// The number of a class that a user named, or gave by its number.
  func classIndex(_ text: String, among names: [String]? = nil) throws -> Int {
    let names = names ?? checkpoint.classes
    if let index = names.firstIndex(of: text) { return index }
    let wanted = text.lowercased()
    if let index = names.firstIndex(where: { $0.lowercased() == wanted }) { return index }
    if let index = Int(text), names.indices.contains(index) { return index }
    throw ZooError.usage(
      "\(name) has no class “\(text)”" + suggestion(text, among: names)
        + (Int(text) == nil ? "" : "; its classes are 0 to \(names.count - 1)"))
  }
}
