import TestSupport
import Testing
import UNet
import ZooEngine
import ZooKit
import ZooTraining

/// One training step of small U-Nets compared with PyTorch: cross-entropy and soft Dice over
/// pixels, some of which may be unknown.
@Suite(.serialized)
struct SegmentationTests {
  @Test(arguments: [
    ("mini-unet", UNet(.padded, width: 4, depth: 2)),
    ("mini-unet-bilinear", UNet(.padded, width: 4, depth: 2, rise: .bilinear)),
    ("mini-unet-classes", UNet(.padded, width: 4, depth: 2)),
    ("mini-unet-paper", UNet(.unpadded, width: 4, depth: 2)),
  ])
  func learnsAsTheReferenceDoes(name: String, network: UNet) throws {
    for engine in GoldenStep.engines {
      for (place, error) in try errors(name, network, engine) {
        #expect(error <= 2e-5, "\(engine.name), \(place): \(error)")
      }
    }
  }

  private func errors(
    _ name: String, _ network: UNet, _ engine: some Engine
  ) throws -> [String: Double] {
    let golden = try GoldenFile("unet/\(name).safetensors")
    let shape = try golden.text("input.shape").split(separator: "x").compactMap { Int($0) }
    let classes = Int(try golden.number("classes"))
    let graph = try Graph { input in
      network.outputs(
        input("image", Shape(Array(shape.dropFirst()))), .original(classes: classes))
    }
    var options = TrainingPlan.Options()
    options.gradients = ["image"]
    options.noise = false
    let plan = try TrainingPlan(
      graph, Formula.weights(for: graph), batch: shape[0], options: options, engine: engine)
    try plan.forward(["image": Formula.tensor("input", Shape(shape))])
    let logits = try plan.value("logits")
    let places = logits.count / logits.shape[1]
    let truth = Target.classes((0..<places).map { label(name, $0, classes) })
    let loss = try WeightedSum.diceCrossEntropy(channels: classes)(logits, truth)
    try plan.backward(["logits": loss.gradient])

    let whole = try golden.number("gradients.norm")
    var errors = [
      "loss": abs(loss.value / (try golden.number("loss")) - 1),
      "logits": relativeError(
        GoldenFile.sampled(logits.values), try golden.values("logits")),
      "input": error(
        try plan.gradient(of: "image").values, try golden.values("input.grad"), whole),
    ]
    let weights = try plan.weights
    for parameter in graph.parameters {
      let name = parameter.name
      errors[name] =
        parameter.role.isTrainable
        ? error(try plan.gradient(of: name).values, try golden.values("\(name).grad"), whole)
        : relativeError(weights[name]?.values ?? [], try golden.values(name))
    }
    return errors.mapValues { $0.isFinite ? $0 : .infinity }
  }

  /// As `labels` in make.py.
  private func label(_ name: String, _ index: Int, _ classes: Int) -> Int32 {
    let value = (Formula.unit("\(name) labels", index) + 1) / 2 * 8
    if value < 1, classes > 1 { return -1 }
    return Int32((value - value.rounded(.down)) * Float(max(2, classes)))
  }

  /// ‖a − b‖ / max(‖b‖, a hundredth of the whole gradient), because some gradients vanish by
  /// cancellation.
  private func error(_ a: [Float], _ b: [Float], _ whole: Double) -> Double {
    let a = GoldenFile.sampled(a)
    guard a.count == b.count else { return .infinity }
    let difference = zip(a, b).reduce(0.0) {
      $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1))
    }
    let norm = b.reduce(0.0) { $0 + Double($1) * Double($1) }
    return difference.squareRoot() / max(norm.squareRoot(), 0.01 * whole)
  }
}
