/// The indices of the largest values, the largest first, equal ones in their order, without values
/// that are not finite.
///
/// A thousand of two hundred thousand anchors are needed, and sorting all of them would take longer
/// than the network takes for a small picture.
public func largest(_ values: [Float], _ most: Int) -> [Int] {
  var candidates = values.filter(\.isFinite)
  guard most > 0, !candidates.isEmpty else { return [] }
  let limit = candidates.count > most ? kthLargest(&candidates, most - 1) : -.infinity
  let found = values.indices.filter { values[$0] >= limit && values[$0].isFinite }
  return Array(
    found.sorted { values[$0] == values[$1] ? $0 < $1 : values[$0] > values[$1] }.prefix(most))
}

/// Hoare's selection; reorders the values.
private func kthLargest(_ values: inout [Float], _ k: Int) -> Float {
  values.withUnsafeMutableBufferPointer { values in
    var (low, high) = (0, values.count - 1)
    while low < high {
      // The median of three, so that sorted values do not take quadratic time.
      let (a, b, c) = (values[low], values[(low + high) / 2], values[high])
      let pivot = max(min(a, b), min(max(a, b), c))
      var (i, j) = (low, high)
      while i <= j {
        while values[i] > pivot { i += 1 }
        while values[j] < pivot { j -= 1 }
        if i <= j {
          values.swapAt(i, j)
          i += 1
          j -= 1
        }
      }
      if k <= j { high = j } else if k >= i { low = i } else { break }
    }
    return values[k]
  }
}
