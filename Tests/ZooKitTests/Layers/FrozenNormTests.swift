import TestSupport
import Testing
import ZooKit

/// A norm that never changes.
@Suite struct FrozenNormTests {
  @Test func isTheNormOfInferenceInTrainingToo() throws {
    let shape: Shape = [3, 4, 5]
    let x = (0..<120).map { Formula.unit("x", $0) }
    let norm = BatchNorm(epsilon: 1e-3)
    let weights = try norm.parameters([shape]).map {
      try Formula.parameter("layer.\($0.name)", $0.shape).values
    }
    let plain = try LayerRun(norm, [shape], batch: 2, inputs: [x], weights: weights)
    let frozen = try LayerRun(
      FrozenBatchNorm(epsilon: 1e-3), [shape], batch: 2, mode: .training(Random(seed: 1)),
      inputs: [x], weights: weights)
    #expect(try frozen.forward() == plain.forward())
    #expect(frozen.weights == weights)
    #expect(frozen.parameters.allSatisfy { !$0.role.isTrainable })
    #expect(frozen.parameters.map(\.name) == plain.parameters.map(\.name))
  }

  @Test(arguments: [Mode.inference, .training(Random(seed: 7))]) func gradient(mode: Mode) throws {
    let error = try gradientError(of: FrozenBatchNorm(), inputs: [[3, 4, 5]], mode: mode)
    #expect(error <= gradientTolerance)
  }
}
