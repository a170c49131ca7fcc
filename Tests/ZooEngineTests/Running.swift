import ZooEngine
import ZooKit

extension Executable {
  /// Every output of the program by name.
  func outputs(_ program: Program, _ inputs: [Tensor]) throws -> [String: [Float]] {
    var found: [String: [Float]] = [:]
    try run(inputs.map { $0.withValues { $0.baseAddress! } }) { views in
      for (port, view) in zip(program.outputs, views) { found[port.name] = Array(view.values) }
    }
    return withExtendedLifetime(inputs) { found }
  }
}

/// ‖a − b‖ / ‖b‖, where b is not nearly zero.
func error(_ a: [Float], _ b: [Float]) -> Double {
  let error = distance(a, b) / max(norm(b), 1e-3 * Double(b.count).squareRoot())
  return error.isFinite ? error : .infinity
}

/// ‖a − b‖
func distance(_ a: [Float], _ b: [Float]) -> Double {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).reduce(0.0) {
    $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1))
  }.squareRoot()
}

func norm(_ a: [Float]) -> Double {
  a.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
}
