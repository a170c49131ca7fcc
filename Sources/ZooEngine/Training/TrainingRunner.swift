import ZooKit

/// What computes a training plan's passes. The plan has checked what it hands over.
protocol TrainingRunner: AnyObject {
  /// Bytes of memory for values and their gradients.
  var arenaBytes: Int { get }

  /// The inputs in the order of the graph's, alive until the way back has ended.
  func forward(_ inputs: [TensorView], _ random: Random) throws

  /// The gradients of values by operation; where none is given it is zero.
  func backward(
    _ seeds: [Int: [Tensor]], _ random: Random, _ rule: Rule, accumulating: Bool) throws

  /// Of an operation whose value was asked for; nil for inputs.
  func value(of operation: Int) -> TensorView?

  /// Of an operation whose gradient was asked for.
  func gradient(of operation: Int) -> TensorView?

  /// Parameters that do not learn lie elsewhere now, and hold other numbers.
  func parametersWereReplaced() throws
}
