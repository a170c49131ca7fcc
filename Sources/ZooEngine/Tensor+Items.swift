import ZooKit

extension Tensor {
  /// A range of a batch's items, followed by zeros.
  package func items(_ range: Range<Int>, paddedTo count: Int) throws -> Tensor {
    let row = self.count / max(shape[0], 1)
    return try Tensor(Shape([count] + shape.sizes.dropFirst())) { target in
      withValues { source in
        let end = target[..<(range.count * row)].initialize(
          fromContentsOf: source[range.lowerBound * row..<range.upperBound * row])
        target[end...].initialize(repeating: 0)
      }
    }
  }

  /// The first items of a batch, or all of them followed by zeros.
  package func resized(to count: Int) throws -> Tensor {
    try items(0..<min(count, shape[0]), paddedTo: count)
  }

  /// Items of a batch in any order.
  package func items(_ places: [Int]) throws -> Tensor {
    let row = count / max(1, shape[0])
    return try Tensor(Shape([places.count] + shape.sizes.dropFirst())) { target in
      withValues { source in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        for (index, place) in places.enumerated() {
          (to + index * row).update(from: from + place * row, count: row)
        }
      }
    }
  }
}
