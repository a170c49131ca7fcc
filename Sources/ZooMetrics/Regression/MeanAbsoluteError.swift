extension RegressionMetrics {
  /// Σ|p − t| / n, in the output's unit.
  public func meanAbsoluteError(of output: Int) -> Double? {
    count > 0 ? sums[output].absolute / Double(count) : nil
  }

  public var meanAbsoluteError: Double? { mean { meanAbsoluteError(of: $0) } }
}
