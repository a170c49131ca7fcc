import COneDNN
import ZooKit

// What a plan in bfloat16 keeps in float32.

extension OneDNNCompiler {
  /// Of what a product writes. What is asked for is float32, from the sums as they are: logits that
  /// were rounded to eight bits on the way would be equal where they are not.
  func targetType(_ step: Program.Step) -> zoo_dnn_type {
    let isAskedFor = program.outputs.contains { $0.value == step.output }
    return isAskedFor && step.epilogue.isEmpty ? zoo_dnn_float32 : type
  }
}

extension Program {
  /// Whether it is computed in bfloat16.
  func halves(for engine: OneDNNEngine) -> Bool {
    engine.precision == .bf16
      && (engine.everywhere || !engine.winograd || !engine.isWide || gainsFromHalves)
  }

  /// Whether numbers of half the size make it faster: they are multiplied at twice the speed, and half
  /// of them come from memory. Winograd's way multiplies in float32; where that does nearly all of the
  /// work, and the weights stay in the cache, there is nothing to gain for the digits that are lost.
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
