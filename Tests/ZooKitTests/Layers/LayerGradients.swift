import TestSupport
import Testing
import ZooKit

/// Every layer's backward compared with central differences.
struct LayerGradients {
  @Test(arguments: LayerCase.all)
  func agreeWithDifferences(_ test: LayerCase) throws {
    let error = try test.gradientError()
    #expect(error <= gradientTolerance)
  }

  @Test(arguments: [1, 2, 5])
  func agreeForEveryBatch(_ batch: Int) throws {
    let window = Window(3, stride: 2, padding: 1)
    let layer = Convolution(outputs: 4, window: window, groups: 2)
    #expect(try gradientError(of: layer, inputs: [[4, 5, 5]], batch: batch) <= gradientTolerance)
  }

  @Test(arguments: [2, 3])
  func sharedInputsAddUp(_ uses: Int) throws {
    let shapes = [Shape](repeating: [2, 3, 3], count: uses)
    #expect(try gradientError(of: Add(), inputs: shapes, sharing: true) <= gradientTolerance)
    let pair = Array(shapes.prefix(2))
    #expect(try gradientError(of: Multiply(), inputs: pair, sharing: true) <= gradientTolerance)
  }

  @Test func dropoutDrawsTheSameMaskAgain() throws {
    let layer = Dropout(rate: 0.3)
    let error = try gradientError(
      of: layer, inputs: [[40, 5, 5]], mode: .training(Random(seed: 3)))
    #expect(error <= gradientTolerance)
    #expect(try gradientError(of: layer, inputs: [[4, 5, 5]]) <= gradientTolerance)
  }

  /// The check detects a gradient that is wrong by a part in a thousand, lacks a term, overwrites
  /// instead of adding, or reads undeclared values.
  @Test(arguments: [Mistake.scaled, .oneElement, .replaced, .needless, .inPlace])
  func aWrongGradientIsFound(_ mistake: Mistake) throws {
    let layer = Wrong(layer: Activation.silu, mistake: mistake)
    #expect(try gradientError(of: layer, inputs: [[3, 4, 4]]) > gradientTolerance)
  }

  @Test func aWrongFormulaIsFound() throws {
    // A frozen norm's gradient differs from a training norm's.
    let layer = Wrong(layer: BatchNorm(), mistake: .frozen)
    let error = try gradientError(
      of: layer, inputs: [[3, 4, 4]], mode: .training(Random(seed: 1)))
    #expect(error > gradientTolerance)
  }
}

extension LayerCase {
  func gradientError() throws -> Double {
    try TestSupport.gradientError(
      of: layer, inputs: inputs, batch: batch, mode: mode, range: scale, isSmooth: isSmooth)
  }
}

enum Mistake { case scaled, oneElement, replaced, needless, inPlace, frozen }

/// A layer with a fault in its backward.
private struct Wrong: Layer {
  let layer: any Layer
  let mistake: Mistake

  var kind: String { "wrong" }
  var needs: Needs { mistake == .needless ? [] : layer.needs }
  var inPlace: Bool { layer.inPlace }
  func output(_ inputs: [Shape]) throws -> Shape { try layer.output(inputs) }
  func parameters(_ inputs: [Shape]) -> [Parameter] { layer.parameters(inputs) }
  func saved(_ inputs: [Shape], batch: Int) -> [Shape] { layer.saved(inputs, batch: batch) }

  func forward(_ pass: Pass) throws {
    try layer.forward(pass)
    if mistake == .inPlace { pass.output.pointer[0] += pass.inputs[0].pointer[0] }
  }

  func backward(_ pass: Pass, _ gradients: Gradients) throws {
    let dx = try #require(gradients.inputs[0])
    let pass =
      mistake != .frozen
      ? pass
      : Pass(
        mode: .inference, inputs: pass.inputs, parameters: pass.parameters, output: pass.output,
        scratch: pass.scratch)
    let before = Array(dx.values)
    if mistake == .replaced { dx.values.update(repeating: 0) }
    try layer.backward(pass, gradients)
    switch mistake {
    case .scaled: for i in 0..<dx.count { dx.pointer[i] += 1e-3 * (dx.pointer[i] - before[i]) }
    case .oneElement: dx.pointer[dx.count - 1] = before[dx.count - 1]
    default: break
    }
  }
}
