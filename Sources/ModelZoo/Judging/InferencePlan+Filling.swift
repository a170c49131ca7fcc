import ZooEngine
import ZooKit

extension InferencePlan {
  /// Runs up to a batch of items; missing items are filled with zeros and ignored.
  func runFilled(_ values: [String: Tensor]) throws -> [String: Tensor] {
    let items = values.values.first?.shape.sizes.first ?? batch
    guard items < batch else { return try run(values) }
    return try run(values.mapValues { try $0.resized(to: batch) }).mapValues {
      try $0.resized(to: items)
    }
  }

  /// The single output, for the given items only.
  func only(_ values: [String: Tensor]) throws -> Tensor {
    let results = try runFilled(values)
    guard let result = results.first?.value, results.count == 1 else {
      throw ZooError.failure("the network gives \(results.count) outputs; expected one")
    }
    return result
  }
}
