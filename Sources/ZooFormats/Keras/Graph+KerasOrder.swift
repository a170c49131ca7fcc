import ZooKit

extension Graph {
  /// The operations in the order in which Keras would list the layers of this network, because
  /// Keras matches the weights of a file by order, not by name.
  ///
  /// Operations are sorted by their longest path to an output, the longest first. Among equals, the
  /// first is the one that a walk back from the outputs meets first, taking the inputs of a layer
  /// in order. So the projection of a residual block is in the middle of the block.
  func kerasOrder() -> [Int] {
    var met: [Int?] = operations.map { _ in nil }
    var count = 0
    var waiting = outputs.reversed().map(\.operation)
    while let index = waiting.popLast() {
      guard met[index] == nil else { continue }
      met[index] = count
      count += 1
      waiting += operations[index].inputs.reversed()
    }
    // Inputs precede their users, so one pass from the end finds the longest paths.
    var depths = [Int](repeating: 0, count: operations.count)
    for index in operations.indices.reversed() where met[index] != nil {
      for input in operations[index].inputs {
        depths[input] = max(depths[input], depths[index] + 1)
      }
    }
    return operations.indices.filter { met[$0] != nil }
      .sorted { (-depths[$0], met[$0] ?? 0) < (-depths[$1], met[$1] ?? 0) }
  }
}
