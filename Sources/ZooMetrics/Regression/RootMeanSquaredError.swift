extension RegressionMetrics {
  /// √(Σ(p − t)² / n), in the output's unit. Large errors weigh more than in the mean absolute error.
  public func rootMeanSquaredError(of output: Int) -> Double? {
    count > 0 ? (sums[output].squared / Double(count)).squareRoot() : nil
  }

  /// The mean of the outputs' roots, not the root of a common mean.
  public var rootMeanSquaredError: Double? { mean { rootMeanSquaredError(of: $0) } }
}
