import ZooEngine
import ZooKit

extension InferencePlan {
  /// For as many items as there are, up to the plan's batch: what is missing is filled with zeros
  /// that nobody looks at.
  func runFilled(_ values: [String: Tensor]) throws -> [String: Tensor] {
    let items = values.values.first?.shape.sizes.first ?? batch
    guard items < batch else { return try run(values) }
    return try run(values.mapValues { try $0.items(0..<items, paddedTo: batch) }).mapValues {
      try $0.items(0..<items, paddedTo: items)
    }
  }

  /// The one output, for as many items as there are.
  func only(_ values: [String: Tensor]) throws -> Tensor {
    let results = try runFilled(values)
    guard let result = results.first?.value, results.count == 1 else {
      throw ZooError.failure("the network gives \(results.count) outputs, one was expected")
    }
    return result
  }
}
