import ZooKit

extension RegressionMetrics {
  /// The report that `zoo evaluate` prints.
  public func report(model: String, data: String) -> Report {
    Report(
      model: model, data: data, count: count, task: .regression,
      metrics: [
        ("mae", meanAbsoluteError), ("rmse", rootMeanSquaredError), ("r2", determination),
      ],
      perClass: names.indices.map { index in
        Report.Class(
          name: names[index], index: index, count: count,
          metrics: [
            ("mae", meanAbsoluteError(of: index)), ("rmse", rootMeanSquaredError(of: index)),
            ("r2", determination(of: index)),
          ])
      }, findings: self)
  }
}
