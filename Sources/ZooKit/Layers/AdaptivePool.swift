/// Pooling to a given size: output row r of R covers the input rows ⌊r·H/R⌋ ..< ⌈(r + 1)·H/R⌉, and
/// columns likewise.
public struct AdaptivePool: Layer {
  public enum Reduction: Sendable { case average, maximum }

  public var reduction: Reduction
  public var size: Window.Size

  public init(_ reduction: Reduction, size: Window.Size) {
    self.reduction = reduction
    self.size = size
  }

  public var kind: String { reduction == .average ? "adaptiveavgpool" : "adaptivemaxpool" }
  public var needs: Needs { reduction == .average ? [] : .inputs }
  public var dependsOnMode: Bool { false }

  public func output(_ inputs: [Shape]) throws -> Shape {
    let input = try map(inputs)
    guard size.height > 0, size.width > 0 else {
      throw ZooError.failure("cannot pool \(input) to \(size.height)×\(size.width)")
    }
    return [input.channels, size.height, size.width]
  }

  private func cover(_ index: Int, of count: Int, _ size: Int) -> Range<Int> {
    index * size / count..<((index + 1) * size + count - 1) / count
  }

  public func forward(_ pass: Pass) {
    let (x, y) = (pass.inputs[0].pointer, pass.output.pointer)
    forEachWindow(pass.inputs[0]) { output, plane, rows, columns, width in
      let source = x + plane
      switch reduction {
      case .average:
        var total = 0.0
        for row in rows { total += sum(source + row * width + columns.lowerBound, columns.count) }
        y[output] = Float(total / Double(rows.count * columns.count))
      case .maximum:
        y[output] = source[largest(source, rows, columns, width)]
      }
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) {
    guard let dx = gradients.inputs[0] else { return }
    let (x, dy) = (pass.inputs[0].pointer, gradients.output.pointer)
    forEachWindow(dx) { output, plane, rows, columns, width in
      let target = dx.pointer + plane
      switch reduction {
      case .average:
        let share = dy[output] / Float(rows.count * columns.count)
        for row in rows {
          let t = target + row * width
          for column in columns { t[column] += share }
        }
      case .maximum:
        target[largest(x + plane, rows, columns, width)] += dy[output]
      }
    }
  }

  private func largest(
    _ source: Floats, _ rows: Range<Int>, _ columns: Range<Int>, _ width: Int
  ) -> Int {
    var best = rows.lowerBound * width + columns.lowerBound
    for row in rows {
      for place in row * width + columns.lowerBound..<row * width + columns.upperBound
      where source[place] > source[best] || source[place].isNaN {
        best = place
      }
    }
    return best
  }

  /// Calls the body with the index of an output, the offset of its plane in the input, and the rows
  /// and columns that it covers there.
  private func forEachWindow(
    _ x: TensorView,
    _ body: (
      _ output: Int, _ plane: Int, _ rows: Range<Int>, _ columns: Range<Int>, _ width: Int
    ) -> Void
  ) {
    let (height, width) = (x.shape.height, x.shape.width)
    Threads.split(x.batch * x.shape.channels, cost: height * width) { range in
      for index in range {
        for row in 0..<size.height {
          let rows = cover(row, of: size.height, height)
          for column in 0..<size.width {
            let output = (index * size.height + row) * size.width + column
            body(
              output, index * height * width, rows, cover(column, of: size.width, width), width)
          }
        }
      }
    }
  }
}
