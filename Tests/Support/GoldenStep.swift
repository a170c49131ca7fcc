import Foundation
import ZooEngine
import ZooKit

/// One training step of a miniature of a family beside the reference's: mean cross-entropy of a
/// batch of two, no dropout.
public struct GoldenStep {
  private let golden: GoldenFile
  private let graph: Graph
  private let labels: [Int]
  private let auxiliaryWeight: Double

  /// - Parameters:
  ///   - name: `mini-vgg`.
  ///   - architecture: the miniature.
  public init(_ name: String, of architecture: some Architecture) throws {
    auxiliaryWeight = architecture.auxiliaryWeight
    golden = try GoldenFile("architectures/\(name).safetensors")
    let input = try golden.text("input.shape").split(separator: "x").compactMap { Int($0) }
    labels = try golden.text("labels").split(separator: ",").compactMap { Int($0) }
    graph = try Graph { makeInput in
      architecture.outputs(
        makeInput("image", Shape(Array(input.dropFirst()))), .original(classes: 5))
    }
  }

  /// All that can be had here, each to be held to the reference.
  public static var engines: [any Engine] {
    let layers: [any Engine] = [LayerEngine()]
    return layers + [try? OneDNNEngine()].compactMap { $0 }
  }

  /// By name: every gradient, the input's too, every running statistic, the logits.
  public func errors(engine: some Engine = LayerEngine()) throws -> [String: Double] {
    var options = TrainingPlan.Options()
    options.gradients = ["image"]
    options.noise = false
    // As in `make_gradients.py`: beside auxiliary heads, norms of two pictures would be chaotic.
    if graph.outputs.contains(where: { graph.isAuxiliary($0.operation) }) {
      options.frozenNorms = graph.operations.filter { $0.layer is BatchNorm }.map(\.name)
    }
    let plan = try TrainingPlan(
      graph, Formula.weights(for: graph), batch: labels.count, options: options,
      engine: engine)
    let image = graph.operations[graph.inputs[0].operation].shape
    try plan.forward([
      "image": Formula.tensor("input", Shape([labels.count] + image.sizes))
    ])
    let logits = try plan.value("logits")
    var seeds = ["logits": try lossGradient(logits, weight: 1)]
    for port in graph.outputs where graph.isAuxiliary(port.operation) {
      seeds[port.name] = try lossGradient(plan.value(port.name), weight: auxiliaryWeight)
    }
    try plan.backward(seeds)

    var errors = ["logits": relativeError(logits.values, try golden.values("logits"))]
    let weights = try plan.weights
    let whole = try golden.number("gradients.norm")
    for parameter in graph.parameters {
      let name = parameter.name
      if parameter.role.isTrainable {
        let found = try plan.gradient(of: name).values
        errors["\(name).grad"] = error(found, try golden.values("\(name).grad"), whole)
      } else {
        errors[name] = relativeError(weights[name]?.values ?? [], try golden.values(name))
      }
    }
    let input = try plan.gradient(of: "image").values
    errors["input.grad"] = relativeError(
      GoldenFile.sampled(input), try golden.values("input.grad"))
    let squares = input.reduce(0.0) { $0 + Double($1) * Double($1) }
    errors["input.grad squares"] = abs(
      (squares / (try golden.number("input.grad.squares"))).squareRoot() - 1)
    for name in golden.names where name != "loss" && errors[name] == nil {
      errors[name] = .infinity
    }
    return errors.mapValues { $0.isFinite ? $0 : .infinity }
  }

  /// Of the mean cross-entropy times a weight: softmax minus one-hot, over the batch.
  private func lossGradient(_ logits: Tensor, weight: Double) throws -> Tensor {
    let values = logits.values.map(Double.init)
    let classes = values.count / labels.count
    let gradient = values.indices.map { index -> Float in
      let row = values[index / classes * classes..<(index / classes + 1) * classes]
      let share = exp(values[index]) / row.reduce(0) { $0 + exp($1) }
      let target = labels[index / classes] == index % classes ? 1.0 : 0
      return Float(weight * (share - target) / Double(labels.count))
    }
    return try Tensor(logits.shape, gradient)
  }

  /// ‖a − b‖ / max(‖b‖, a hundredth of the whole gradient): some vanish by cancellation.
  private func error(_ a: [Float], _ b: [Float], _ whole: Double) -> Double {
    guard a.count == b.count else { return .infinity }
    let difference = zip(a, b).reduce(0.0) {
      $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1))
    }
    let norm = b.reduce(0.0) { $0 + Double($1) * Double($1) }
    return difference.squareRoot() / max(norm.squareRoot(), 0.01 * whole)
  }
}
