import COneDNN
import ZooKit

extension OneDNNCompiler {
  /// The start of an epilogue that an operation can apply: elementwise functions, and one addition
  /// of another value.
  struct PostOps {
    private(set) var all: [zoo_dnn_post_op] = []
    /// The added value, and the index of the post-op that adds it.
    private(set) var sum: (index: Int, value: Program.Value)?

    init(_ step: Program.Step) {
      for epilogue in step.epilogue {
        if let activation = epilogue.layer as? Activation, activation.postOps.count == 1 {
          all += activation.postOps
        } else if epilogue.layer is Add, epilogue.others.count == 1, sum == nil {
          sum = (all.count, epilogue.others[0])
          all.append(.init(function: zoo_dnn_sum, alpha: 0, beta: 0))
        } else {
          return
        }
      }
    }
  }

  /// Makes the first operation that the library supports, with as many post-ops as possible.
  func make(_ requests: [Operation.Request], _ postOps: PostOps) -> (Operation, taken: Int)? {
    for count in (0...postOps.all.count).reversed() {
      for var request in requests {
        request.epilogue = Array(postOps.all.prefix(count))
        if let operation = Operation(request) { return (operation, count) }
      }
    }
    return nil
  }

  /// Runs the operation on the step's input. For an addition among its post-ops the target must
  /// contain the other value: its own memory, if it is not needed any more, else a copy.
  func emit(
    _ operation: Operation, for step: Program.Step, _ postOps: PostOps, taken: Int
  ) throws {
    guard let source = operation.layout(zoo_dnn_source),
      let layout = operation.layout(zoo_dnn_target)
    else { throw ZooError.failure("oneDNN gives no layouts for \(step.name)") }
    let input = try place(of: step.inputs[0], in: source)
    let target: Place
    if let (index, value) = postOps.sum, index < taken {
      let other = place(of: value)
      if other.layout.equals(layout), other.slot != input.slot, mayOverwrite(value) {
        target = other
      } else {
        target = newPlace(layout)
        try reorder(other, to: target)
      }
    } else {
      target = newPlace(layout)
    }
    emit(
      operation,
      [
        .init(role: zoo_dnn_source, slot: input.slot),
        .init(role: zoo_dnn_target, slot: target.slot),
      ]
    )
    place(step.output, at: target)
  }
}

extension Activation {
  /// The slope below zero, for a rectifier whose output has its input's sign; nil for other
  /// functions.
  var slope: Float? {
    switch self {
    case .relu: 0
    case .leakyReLU(let slope) where slope > 0: slope
    default: nil
    }
  }

  /// The same function in oneDNN: one step, or two.
  var postOps: [zoo_dnn_post_op] {
    switch self {
    case .relu: [.init(function: zoo_dnn_relu, alpha: 0, beta: 0)]
    case .relu6: [.init(function: zoo_dnn_clip, alpha: 0, beta: 6)]
    case .leakyReLU(let slope): [.init(function: zoo_dnn_relu, alpha: slope, beta: 0)]
    case .sigmoid: [.init(function: zoo_dnn_logistic, alpha: 0, beta: 0)]
    case .tanh: [.init(function: zoo_dnn_tanh, alpha: 0, beta: 0)]
    case .silu: [.init(function: zoo_dnn_swish, alpha: 1, beta: 0)]
    case .mish: [.init(function: zoo_dnn_mish, alpha: 0, beta: 0)]
    case .hardSwish: [.init(function: zoo_dnn_hardswish, alpha: 0, beta: 0)]
    case .hardSigmoid:
      [
        .init(function: zoo_dnn_linear, alpha: 1 / 6, beta: 0.5),
        .init(function: zoo_dnn_clip, alpha: 0, beta: 1),
      ]
    }
  }
}
