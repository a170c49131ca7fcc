import ModelZoo
import ZooArguments

/// Values of a model compared with a reference's for the same input, in network order.
struct Comparison {
  struct Row {
    let name: String
    let shape: Shape
    /// ‖a − b‖ / ‖b‖; infinite if the shapes differ or a number is not finite.
    let error: Double
    let note: String
  }

  let rows: [Row]
  /// Tensors of the file that match no value of the network, each with a similar name.
  let strangers: [(name: String, near: String?)]

  /// The tensors of a reference that are outputs, operations or stages of the network.
  static func names(_ file: SafeTensors, in graph: Graph, except input: String?) -> [String] {
    file.tensors.map(\.name).filter { $0 != input && graph.operation(named: $0) != nil }
  }

  init(
    _ values: [String: Tensor], with file: SafeTensors, in graph: Graph, except input: String?
  ) throws {
    let place = { graph.operation(named: $0) }
    rows = try Comparison.names(file, in: graph, except: input)
      .sorted { (place($0) ?? 0, $0) < (place($1) ?? 0, $1) }
      .map { name in
        let reference = try file.tensor(name)
        guard let value = values[name] else {
          return Row(
            name: name, shape: reference.shape, error: .infinity, note: "is not computed here")
        }
        // A single picture may lack the batch axis.
        let isSame =
          value.shape == reference.shape || value.shape.sizes == [1] + reference.shape.sizes
        return Row(
          name: name, shape: value.shape,
          error: isSame ? relativeError(value, reference) : .infinity,
          note: isSame ? "" : "is \(reference.shape) there")
      }
    strangers = file.tensors.map(\.name).filter { $0 != input && place($0) == nil }
      .map { name in (name, nearNames(name, among: graph.names, most: 1).first) }
  }
}

/// ‖a − b‖ / ‖b‖ in float64.
private func relativeError(_ a: Tensor, _ b: Tensor) -> Double {
  a.withValues { a in
    b.withValues { b in
      var (difference, norm) = (0.0, 0.0)
      for (x, y) in zip(a, b) {
        difference += (Double(x) - Double(y)) * (Double(x) - Double(y))
        norm += Double(y) * Double(y)
      }
      let error = (difference / max(norm, .leastNormalMagnitude)).squareRoot()
      return error.isFinite ? error : .infinity
    }
  }
}

extension Comparison {
  /// A table that marks values outside the tolerance.
  func report(tolerance: Double) -> String {
    var table = Table("value", "shape", .right("relative error"), "")
    for row in rows {
      let error = row.error.isFinite ? scientific(row.error) : "–"
      let agrees = row.error <= tolerance
      table.add(
        row.name, "\(row.shape)", error, row.note.isEmpty ? (agrees ? "" : "differs") : row.note)
    }
    return table.text()
  }

  func first(over tolerance: Double) -> (row: Row, before: Row?)? {
    guard let index = rows.firstIndex(where: { !($0.error <= tolerance) }) else { return nil }
    return (rows[index], index > 0 ? rows[index - 1] : nil)
  }

  func json(model: String, tolerance: Double) -> JSON {
    [
      "model": JSON(model), "tolerance": JSON(tolerance),
      "compared": JSON(
        rows.map { row -> JSON in
          [
            "name": JSON(row.name), "shape": JSON(row.shape.sizes),
            "error": row.error.isFinite ? JSON(row.error) : nil,
            "agrees": JSON(row.error <= tolerance),
          ]
        }), "first": JSON(first(over: tolerance)?.row.name),
      "unknown": JSON(strangers.map(\.name)),
    ]
  }
}
