import Foundation
import ResNet
import TestSupport
import Testing
import ZooEngine
import ZooExplain
import ZooKit

/// Times Grad-CAM; only on request, because it depends on the machine.
@Suite(.enabled(if: getenv("ZOO_SLOW_TESTS") != nil, "set ZOO_SLOW_TESTS to run"))
struct ExplainSpeedTests {
  /// Grad-CAM needs one forward pass, and goes back to the last map only.
  @Test func gradCAMCostsAForwardPass() throws {
    let graph = try Registry.linked().variant("resnet50").graph()
    let weights = try Formula.weights(for: graph)
    let network = try ExplainedNetwork(graph, weights)
    let subject = try NetworkSubject("class", of: "logits", .place(7), in: network)
    let input = try Formula.tensor("input", [3, 224, 224])
    let batch = input.reshaped([1, 3, 224, 224])
    let engine = try EngineChoice.auto.engine()
    let forward = try InferencePlan(graph, weights, batch: 1, engine: engine)
    var times: (forward: [Duration], cam: [Duration]) = ([], [])
    let clock = ContinuousClock()
    for _ in 0..<12 {
      times.forward.append(try clock.measure { _ = try forward.run(["image": batch]) })
      times.cam.append(
        try clock.measure { _ = try GradCAM().attribution(of: subject, for: input) })
    }
    let (usual, cam) = (times.forward.sorted()[5], times.cam.sorted()[5])
    print("forward \(usual), Grad-CAM \(cam), ratio \(cam / usual)")
    #expect(cam / usual < 1.2)
  }
}
