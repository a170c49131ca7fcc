import Glibc

/// Probabilities that sum to 1 over the first axis of an item: y[c] = e^x[c] / Σ e^x, at every
/// position.
public struct Softmax: Layer {
  public init() {}

  public var kind: String { "softmax" }
  public var needs: Needs { .output }
  public var inPlace: Bool { true }
  public var dependsOnMode: Bool { false }

  public func output(_ inputs: [Shape]) throws -> Shape {
    let input = try one(inputs)
    guard input.rank > 0, input.count > 0 else {
      throw ZooError.failure("softmax needs an axis to sum over, not \(input)")
    }
    return input
  }

  public func forward(_ pass: Pass) {
    let (x, y) = (pass.inputs[0], pass.output)
    let (channels, plane) = (x.shape[0], x.stride / x.shape[0])
    Threads.split(x.batch * plane, cost: channels * 10) { range in
      for index in range {
        let (item, place) = index.quotientAndRemainder(dividingBy: plane)
        let (source, target) = (x[item] + place, y[item] + place)
        var largest = -Float.infinity
        for c in 0..<channels { largest = max(largest, source[c &* plane]) }
        var total: Float = 0
        for c in 0..<channels {
          let e = exp(source[c &* plane] - largest)
          target[c &* plane] = e
          total += e
        }
        for c in 0..<channels { target[c &* plane] /= total }
      }
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) {
    guard let dx = gradients.inputs[0] else { return }
    let (y, dy) = (pass.output, gradients.output)
    let (channels, plane) = (y.shape[0], y.stride / y.shape[0])
    Threads.split(y.batch * plane, cost: channels * 2) { range in
      for index in range {
        let (item, place) = index.quotientAndRemainder(dividingBy: plane)
        let (out, g, target) = (y[item] + place, dy[item] + place, dx[item] + place)
        // dx = y · (dy − Σ y·dy)
        var along: Float = 0
        for c in 0..<channels { along += out[c &* plane] * g[c &* plane] }
        for c in 0..<channels { target[c &* plane] += out[c &* plane] * (g[c &* plane] - along) }
      }
    }
  }
}
