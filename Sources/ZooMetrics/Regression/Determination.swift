extension RegressionMetrics {
  /// The coefficient of determination R², 1 − Σ(p − t)² / Σ(t − t̄)²: 1 if every prediction is exact,
  /// 0 if predictions are as good as the mean of the truth, negative if they are worse.
  ///
  /// Nil if the truth is the same for every item, because there is no variation to explain. For that
  /// case scikit-learn reports 1 or 0, which would distort a mean over outputs.
  public func determination(of output: Int) -> Double? {
    let sums = sums[output]
    return sums.variation > 0 ? 1 - sums.squared / sums.variation : nil
  }

  /// The mean over the outputs whose truth varies.
  public var determination: Double? { mean { determination(of: $0) } }
}
