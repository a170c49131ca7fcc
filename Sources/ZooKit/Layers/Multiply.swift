/// The product of a value and a factor, element by element. For a map C×H×W the factor may be
/// C×1×1, one number per channel, or 1×H×W, one per position.
public struct Multiply: Layer {
  public init() {}

  public var kind: String { "multiply" }
  public var needs: Needs { .inputs }
  public var inPlace: Bool { true }
  public var dependsOnMode: Bool { false }

  public func output(_ inputs: [Shape]) throws -> Shape {
    guard inputs.count == 2 else {
      throw ZooError.failure("multiply takes two inputs, not \(inputs.count)")
    }
    guard
      inputs[0] == inputs[1] || isPerChannel(inputs[0], inputs[1])
        || isPerPlace(inputs[0], inputs[1])
    else { throw ZooError.failure("cannot multiply \(inputs[0]) by \(inputs[1])") }
    return inputs[0]
  }

  private func isPerChannel(_ map: Shape, _ factor: Shape) -> Bool {
    map.rank == 3 && factor == [map.channels, 1, 1]
  }

  private func isPerPlace(_ map: Shape, _ factor: Shape) -> Bool {
    map.rank == 3 && factor == [1, map.height, map.width]
  }

  /// Calls the body for runs of elements: the start of the run, the start of its factors, its
  /// length, and whether the factors advance or one factor applies to the whole run.
  private func forEachRun(
    _ x: TensorView, _ factor: TensorView,
    _ body: (_ start: Int, _ factor: Int, _ count: Int, _ advances: Bool) -> Void
  ) {
    if x.shape == factor.shape { return body(0, 0, x.count, true) }
    let (channels, plane) = (x.shape.channels, x.stride / x.shape.channels)
    let perChannel = isPerChannel(x.shape, factor.shape)
    for index in 0..<x.batch * channels {
      body(index * plane, perChannel ? index : index / channels * plane, plane, !perChannel)
    }
  }

  public func forward(_ pass: Pass) {
    let (x, f, y) = (pass.inputs[0].pointer, pass.inputs[1].pointer, pass.output.pointer)
    forEachRun(pass.inputs[0], pass.inputs[1]) { start, factor, count, advances in
      let (a, b, c) = (x + start, f + factor, y + start)
      if advances {
        for i in 0..<count { c[i] = a[i] * b[i] }
      } else {
        let scale = b[0]
        for i in 0..<count { c[i] = a[i] * scale }
      }
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) {
    let (x, f, dy) = (pass.inputs[0].pointer, pass.inputs[1].pointer, gradients.output.pointer)
    let (dx, df) = (gradients.inputs[0]?.pointer, gradients.inputs[1]?.pointer)
    forEachRun(pass.inputs[0], pass.inputs[1]) { start, factor, count, advances in
      let (a, b, g) = (x + start, f + factor, dy + start)
      if let dx {
        let target = dx + start
        if advances {
          for i in 0..<count { target[i] += g[i] * b[i] }
        } else {
          let scale = b[0]
          for i in 0..<count { target[i] += g[i] * scale }
        }
      }
      if let df {
        let target = df + factor
        if advances {
          for i in 0..<count { target[i] += g[i] * a[i] }
        } else {
          target[0] += Float(dot(g, a, count))
        }
      }
    }
  }
}
