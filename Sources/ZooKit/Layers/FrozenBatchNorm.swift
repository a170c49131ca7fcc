/// A batch norm that never learns: its statistics, scale and shift are constants in training too.
/// Detectors train on one or two pictures at a time, too few for statistics, and keep those of the
/// backbone's training (torchvision's `FrozenBatchNorm2d`).
public struct FrozenBatchNorm: Layer {
  /// The norm that it computes, always in inference mode.
  public var norm: BatchNorm

  public init(epsilon: Float = 1e-5) { norm = BatchNorm(epsilon: epsilon) }

  public var kind: String { "frozennorm" }
  public var needs: Needs { [] }
  public var inPlace: Bool { true }
  public var dependsOnMode: Bool { false }

  public func output(_ inputs: [Shape]) throws -> Shape { try norm.output(inputs) }

  public func parameters(_ inputs: [Shape]) -> [Parameter] {
    norm.parameters(inputs).map { parameter in
      switch parameter.role {
      case .scale: Parameter(parameter.name, parameter.shape, .fixedScale)
      case .shift: Parameter(parameter.name, parameter.shape, .fixedShift)
      default: parameter
      }
    }
  }

  public func channelNorm(_ constants: [Tensor]) -> ChannelNorm? { norm.channelNorm(constants) }

  public func forward(_ pass: Pass) throws { try norm.forward(constant(pass)) }

  public func backward(_ pass: Pass, _ gradients: Gradients) throws {
    try norm.backward(
      constant(pass),
      Gradients(
        output: gradients.output, inputs: gradients.inputs, parameters: [nil, nil, nil, nil]))
  }

  private func constant(_ pass: Pass) -> Pass {
    Pass(
      mode: .inference, inputs: pass.inputs, parameters: pass.parameters, output: pass.output,
      scratch: pass.scratch)
  }
}
