/// A layer that moves numbers and computes none: its output holds numbers of its input in another
/// order, or some of them.
protocol Rearrangement: Layer {
  /// Where the numbers of the output lie in the input.
  func places(_ input: Shape, _ output: Shape, batch: Int) -> Places
}

extension Rearrangement {
  public var needs: Needs { [] }
  public var dependsOnMode: Bool { false }

  public func forward(_ pass: Pass) {
    let (x, y) = (pass.inputs[0], pass.output)
    places(x.shape, y.shape, batch: x.batch).forEachRun { there, here, count, step in
      let (source, target) = (x.pointer + there, y.pointer + here)
      forEach(count, step: step) { target[$0] = source[$1] }
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) {
    guard let dx = gradients.inputs[0] else { return }
    let dy = gradients.output
    places(dx.shape, dy.shape, batch: dx.batch).forEachRun { there, here, count, step in
      let (target, source) = (dx.pointer + there, dy.pointer + here)
      forEach(count, step: step) { target[$1] += source[$0] }
    }
  }
}

/// The places of an array's numbers in another, which is larger or has its axes in another order.
struct Places {
  /// The array's own sizes, with the batch.
  let sizes: [Int]
  /// How far apart neighbours along each axis are in the other array.
  let strides: [Int]
  var start = 0

  /// Calls the body for runs of numbers that are neighbours here and evenly spaced there: with the
  /// first place in the other array and in this one, their number, and the step there.
  func forEachRun(_ body: (_ there: Int, _ here: Int, _ count: Int, _ step: Int) -> Void) {
    // There is an axis: the batch.
    var (outer, count) = (sizes.count - 1, sizes[sizes.count - 1])
    let step = strides[outer]
    while outer > 0, strides[outer - 1] == count * step {
      outer -= 1
      count *= sizes[outer]
    }
    var here = 0
    func visit(_ axis: Int, _ there: Int) {
      if axis == outer {
        body(there, here, count, step)
        here += count
      } else {
        for index in 0..<sizes[axis] { visit(axis + 1, there + index * strides[axis]) }
      }
    }
    visit(0, start)
  }

  /// How far apart neighbours along each axis of an array are.
  static func strides(_ sizes: [Int]) -> [Int] {
    sizes.indices.map { sizes[($0 + 1)...].reduce(1, *) }
  }
}
