import COneDNN
import ZooKit

extension OneDNNCompiler {
  /// The start of an epilogue that an operation may take along: element by element, and one
  /// addition of another value.
  struct Riders {
    private(set) var all: [zoo_dnn_post_op] = []
    /// What is added and by which rider.
    private(set) var sum: (index: Int, value: Program.Value)?

    init(_ step: Program.Step) {
      for rider in step.epilogue {
        if let activation = rider.layer as? Activation, activation.postOps.count == 1 {
          all += activation.postOps
        } else if rider.layer is Add, rider.others.count == 1, sum == nil {
          sum = (all.count, rider.others[0])
          all.append(.init(function: zoo_dnn_sum, alpha: 0, beta: 0))
        } else {
          return
        }
      }
    }
  }

  /// Makes the first operation that the library has, with as many riders as it takes; fewer riders
  /// only where no request has a kernel that takes more.
  func make(_ requests: [Operation.Request], _ riders: Riders) -> (Operation, riders: Int)? {
    for count in (0...riders.all.count).reversed() {
      for var request in requests {
        request.epilogue = Array(riders.all.prefix(count))
        if let operation = Operation(request) { return (operation, count) }
      }
    }
    return nil
  }

  /// Runs the operation on the step's input. An addition that rides on it begins with the other
  /// value in the target: where that value lies, if nobody needs it any more, else in a copy.
  func emit(
    _ operation: Operation, for step: Program.Step, _ riders: Riders, taken: Int
  ) throws {
    guard let source = operation.layout(zoo_dnn_source),
      let layout = operation.layout(zoo_dnn_target)
    else { throw ZooError.failure("oneDNN gives no layouts for \(step.name)") }
    let input = try place(of: step.inputs[0], in: source)
    let target: Place
    if let (index, value) = riders.sum, index < taken {
      let other = place(of: value)
      if other.layout.equals(layout), other.slot != input.slot, mayOverwrite(value) {
        target = other
      } else {
        target = Place(slot: newSlot(layout), layout: layout)
        try reorder(other, to: target)
      }
    } else {
      target = Place(slot: newSlot(layout), layout: layout)
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
  /// By which what is not above zero is multiplied, for a rectifier whose output has its input's
  /// sign; nil for other functions.
  var slope: Float? {
    switch self {
    case .relu: 0
    case .leakyReLU(let slope) where slope > 0: slope
    default: nil
    }
  }

  /// The same function as oneDNN computes it: one step, or two.
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
