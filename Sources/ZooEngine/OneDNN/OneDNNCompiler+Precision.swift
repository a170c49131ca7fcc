import COneDNN
import ZooKit

// The parts of a bfloat16 plan that stay in float32.

extension OneDNNCompiler {
  /// The type of a product's output. Requested values are float32, taken from the sums: logits
  /// rounded to bfloat16 on the way could become equal.
  func targetType(_ step: Program.Step) -> zoo_dnn_type {
    let isAskedFor = program.outputs.contains { $0.value == step.output }
    return isAskedFor && step.epilogue.isEmpty ? zoo_dnn_float32 : type
  }
}

extension Program {
  /// Whether the program is computed in bfloat16.
  func halves(for engine: OneDNNEngine) -> Bool {
    engine.precision == .bf16
      && (engine.everywhere || !engine.winograd || !engine.isWide || gainsFromHalves)
  }

  /// Whether bfloat16 makes it faster: it is multiplied at twice the speed and needs half the
  /// memory bandwidth. Winograd multiplies in float32, so if it does almost all of the work and the
  /// weights stay in the cache, there is nothing to gain for the lost precision.
  private var gainsFromHalves: Bool {
    let weights = steps.reduce(0) { $0 + $1.constants.reduce(0) { $0 + $1.count } }
    guard weights < 1 << 20 else { return true }
    var (all, byWinograd) = (0, 0)
    for step in steps {
      let macs = macs(of: step)
      all += macs
      if let layer = step.layer as? Convolution,
        WinogradConvolution.takes(layer, shapes[step.inputs[0]], shapes[step.output])
      {
        byWinograd += macs
      }
    }
    return byWinograd * 10 < all * 9
  }
}
