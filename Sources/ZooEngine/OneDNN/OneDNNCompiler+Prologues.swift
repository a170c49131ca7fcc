import COneDNN
import ZooKit

// Norms with their rectifiers, and averages over squares, that a following 1×1 convolution applies
// while it reads its input.

extension OneDNNCompiler {
  /// Moves the norm into its only reader, if that supports it.
  func precede(_ norm: ChannelNorm, _ step: Program.Step) throws -> Int? {
    let reader = soleReader(of: step.output)
    guard step.epilogue.count == 1, (step.epilogue[0].layer as? Activation) == .relu,
      let reader, reader.inputs == [step.output],
      takes(step.output, reader) || isMeanBeforePointwise(reader)
    else { return nil }
    let (factors, shift, mean) = (norm.factors, norm.shift.values, norm.mean.values)
    let shifts = factors.indices.map { Float(Double(shift[$0]) - Double(mean[$0]) * factors[$0]) }
    leave(
      step,
      .init(
        scale: try Tensor([factors.count], factors.map { Float($0) }),
        shift: try Tensor([shifts.count], shifts)))
    return 1
  }

  /// Moves the average into its only reader, if that supports it.
  func precede(_ layer: AveragePool, _ step: Program.Step) -> Bool {
    guard isMeanBeforePointwise(step), step.epilogue.isEmpty else { return false }
    var (_, prologue) = prologues[step.inputs[0]] ?? (step.inputs[0], .init())
    prologue.pool = layer.window.kernel.height
    leave(step, prologue)
    return true
  }

  private func leave(_ step: Program.Step, _ prologue: PointwiseConvolution.Prologue) {
    let input = step.inputs[0]
    let source = prologues[input]?.source ?? input
    prologues[step.output] = (source, prologue)
    // One more reader, the convolution; a prologue that extends another has already counted it.
    if source == input { readers[source] += 1 }
  }

  private func soleReader(of value: Program.Value) -> Program.Step? {
    readers[value] == 1 ? program.steps[lastReader[value]] : nil
  }

  /// Whether the step is a 1×1 convolution with our own kernel that reads the value.
  private func takes(_ value: Program.Value, _ step: Program.Step) -> Bool {
    guard isWide, type == zoo_dnn_float32, program.shapes[value].rank == 3,
      step.inputs == [value],
      let convolution = step.layer as? Convolution
    else { return false }
    return PointwiseConvolution.takes(convolution, program.shapes[value])
  }

  /// Whether it averages adjacent squares that only such a convolution reads.
  private func isMeanBeforePointwise(_ step: Program.Step) -> Bool {
    guard let pool = step.layer as? AveragePool, step.epilogue.isEmpty,
      let reader = soleReader(of: step.output), takes(step.output, reader),
      (reader.layer as? Convolution)?.window.stride == 1
    else { return false }
    let (window, input) = (pool.window, program.shapes[step.inputs[0]])
    return window.kernel == window.stride && window.padding == 0
      && window.kernel.height == window.kernel.width && window.kernel.height > 1
      && input.height % window.kernel.height == 0 && input.width % window.kernel.width == 0
  }
}
