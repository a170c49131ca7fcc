import ZooKit

/// The scale of a network's outputs: an output y stands for y · deviation + mean in the units of the
/// data. Networks learn best from targets around zero with a deviation of one.
public struct OutputScale: Hashable, Sendable {
  public var mean: [Double]
  /// Above zero.
  public var deviation: [Double]

  public init(mean: [Double], deviation: [Double]) {
    (self.mean, self.deviation) = (mean, deviation)
  }

  /// The mean and standard deviation of each column; a constant column has the deviation 1.
  public init(of rows: [[Float]]) {
    let count = Double(max(1, rows.count))
    let columns = rows.first?.indices ?? 0..<0
    mean = columns.map { column in rows.reduce(0) { $0 + Double($1[column]) } / count }
    deviation = zip(columns, mean).map { column, mean in
      let squares = rows.reduce(0) { sum, row in
        sum + (Double(row[column]) - mean) * (Double(row[column]) - mean)
      }
      let deviation = (squares / count).squareRoot()
      return deviation > 1e-12 * max(1, abs(mean)) ? deviation : 1
    }
  }

  /// Standardises N×C numbers of the data.
  public func scaled(_ values: Tensor) throws -> Tensor {
    try mapped(values) { Float((Double($0) - mean[$1]) / deviation[$1]) }
  }

  /// N×C outputs of the network in the units of the data.
  public func restored(_ values: Tensor) throws -> Tensor {
    try mapped(values) { Float(Double($0) * deviation[$1] + mean[$1]) }
  }

  private func mapped(_ values: Tensor, _ change: (Float, Int) -> Float) throws -> Tensor {
    guard values.shape.sizes.last == mean.count else {
      throw ZooError.corrupt("\(values.shape) numbers, \(mean.count) have a scale")
    }
    return try Tensor(values.shape) { target in
      values.withValues { source in
        for index in source.indices { target[index] = change(source[index], index % mean.count) }
      }
    }
  }
}

extension OutputScale {
  init(_ fields: inout Fields, count: Int) throws {
    mean = try fields.numbers("mean")
    deviation = try fields.numbers("std")
    guard mean.count == count, deviation.count == count,
      deviation.allSatisfy({ $0 > 0 && $0.isFinite }), mean.allSatisfy(\.isFinite)
    else {
      throw fields.error(
        "\(fields.what) has not a mean and a deviation for each of \(count) outputs")
    }
  }

  var json: JSON { ["mean": JSON(mean), "std": JSON(deviation)] }
}
