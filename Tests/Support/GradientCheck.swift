import ZooKit

/// The largest relative error (‖found − expected‖ / ‖expected‖) of a layer's backward against
/// central differences of its forward, over the gradients of its inputs and parameters.
///
/// The layer must also keep its declarations: it adds to gradients, reads only what ``Layer/needs``
/// names (the rest is NaN here), and gives the same output in place if it declares that. A
/// violation is an infinite error.
///
/// The loss is Σ r·y for fixed random r, summed in float64 over the float32 outputs. An output of
/// size 1 is rounded by about 3·10⁻⁸, so a difference over 2h with h = 2⁻⁴ carries noise near
/// 3·10⁻⁷ per term; Richardson's step (4·D(h) − D(2h)) / 3 leaves a truncation of h⁴/30 of the fifth
/// derivative, near 10⁻⁶. A correct layer therefore stays below ``gradientTolerance``, and an
/// error of a part in a thousand does not.
///
/// - Parameters:
///   - range: inputs are in ±range.
///   - isSmooth: false for layers that compare values, whose derivative has jumps. Their inputs are
///     then spread evenly, further from each other and from zero than the steps, so that no
///     comparison changes. They are linear in between, so the small step costs no accuracy.
///   - sharing: passes the first input in place of all others: x + x, x · x.
public func gradientError(
  of layer: any Layer, inputs shapes: [Shape], batch: Int = 2, mode: Mode = .inference,
  range: Float = 1, isSmooth: Bool = true, sharing: Bool = false
) throws -> Double {
  let count = shapes.reduce(0) { $0 + batch * $1.count }
  var start = 0
  let inputs = shapes.enumerated().map { index, shape in
    defer { start += batch * shape.count }
    return (0..<batch * shape.count).map { element -> Float in
      guard !isSmooth else { return range * Formula.unit("x\(index)", element) }
      // A stride without a common divisor visits every position once.
      let place = (start + element) * 7919 % count
      return range * (2 * Float(place) + 1 - Float(count)) / Float(count)
    }
  }
  let weights = try layer.parameters(shapes).map {
    try Formula.parameter("layer.\($0.name)", $0.shape).values
  }
  let run = try LayerRun(
    layer, shapes, batch: batch, mode: mode, inputs: inputs, weights: weights)
  if sharing { run.shareFirstInput() }
  let step: Float = isSmooth ? 0x1p-4 : range / Float(count) / 4

  let y = try run.forward()
  if layer.inPlace, !sharing, try run.forward(inPlace: true) != y { return .infinity }
  let slope = y.indices.map { Formula.unit("slope", $0) }
  let found = try run.backward(y: y, dy: slope)

  var worst = 0.0
  for (index, gradient) in found.enumerated() {
    guard let gradient else { continue }
    let isInput = index < run.inputs.count
    let place = isInput ? index : index - run.inputs.count
    let keyPath: ReferenceWritableKeyPath<LayerRun, [[Float]]> = isInput ? \.inputs : \.weights
    let expected = try gradient.indices.map { element in
      let value = run[keyPath: keyPath][place][element]
      func difference(_ step: Float) throws -> Double {
        run[keyPath: keyPath][place][element] = value + step
        let above = try run.forward()
        run[keyPath: keyPath][place][element] = value - step
        let below = try run.forward()
        run[keyPath: keyPath][place][element] = value
        let rise = zip(slope, zip(above, below)).reduce(0.0) {
          $0 + Double($1.0) * (Double($1.1.0) - Double($1.1.1))
        }
        // The actual difference of the rounded values.
        return rise / (Double(value + step) - Double(value - step))
      }
      return Float((4 * (try difference(step)) - (try difference(2 * step))) / 3)
    }
    worst = max(worst, relativeError(gradient, expected))
  }
  return worst
}

/// The largest error of ``gradientError(of:inputs:batch:mode:range:isSmooth:sharing:)`` for a
/// correct layer.
public let gradientTolerance = 1e-4
