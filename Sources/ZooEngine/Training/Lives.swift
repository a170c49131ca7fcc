import ZooKit

/// From when to when every value, gradient and saved array must exist, on a clock that ticks once
/// for each operation forward and once for each backward.
struct Lives {
  private(set) var claims: [Arena.Claim] = []
  /// Indices of claims, for every operation: its value; its gradient; what it saves. Inputs stay
  /// in the caller's memory.
  private(set) var values: [Int?]
  private(set) var gradients: [Int?]
  private(set) var saved: [[Int]]

  init(_ graph: Graph, _ walk: Walk, batch: Int) {
    let operations = graph.operations
    let end = 2 * operations.count
    /// When an operation runs backward.
    func back(_ index: Int) -> Int { end - 1 - index }

    var lastRead = Array(operations.indices)
    var firstGradient = operations.indices.map(back)
    for index in walk.forward {
      let (operation, isBack) = (operations[index], walk.runsBackward[index])
      for input in operation.inputs {
        let isRead = isBack && operation.layer.needs.contains(.inputs)
        lastRead[input] = max(lastRead[input], isRead ? back(index) : index)
        if isBack { firstGradient[input] = min(firstGradient[input], back(index)) }
      }
      if isBack, operation.layer.needs.contains(.output) {
        lastRead[index] = max(lastRead[index], back(index))
      }
    }
    for index in walk.values.values { lastRead[index] = end }

    values = Array(repeating: nil, count: operations.count)
    gradients = values
    saved = Array(repeating: [], count: operations.count)
    for index in walk.forward {
      let operation = operations[index]
      if operation.layer.inPlace, let first = operation.inputs.first, let home = values[first],
        lastRead[first] == index, !operation.inputs.dropFirst().contains(first),
        operations[first].shape.count == operation.shape.count
      {
        // Written over its first input, which nobody reads any more, on the way back neither.
        values[index] = home
        claims[home].last = lastRead[index]
      } else {
        values[index] = claim(batch * operation.shape.count, index...lastRead[index])
      }
      guard walk.isTraining[index] else { continue }
      let inputs = operation.inputs.map { operations[$0].shape }
      saved[index] = operation.layer.saved(inputs, batch: batch).map {
        claim($0.count, index...(walk.runsBackward[index] ? back(index) : index))
      }
    }
    let wanted = Set(walk.gradients.values)
    for index in operations.indices where walk.hasGradient[index] {
      gradients[index] = claim(
        batch * operations[index].shape.count,
        firstGradient[index]...(wanted.contains(index) ? end : back(index)))
    }
  }

  private mutating func claim(_ count: Int, _ life: ClosedRange<Int>) -> Int {
    claims.append(.init(count: count, first: life.lowerBound, last: life.upperBound))
    return claims.count - 1
  }
}
