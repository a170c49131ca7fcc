import Glibc
import ZooKit

/// The derivative along the straight path from the mean colour to the picture, times their difference;
/// the values sum to the difference of the scores (Sundararajan, Taly and Yan, arXiv:1703.01365).
public struct IntegratedGradients: ExplanationMethod {
  public let name = "integrated-gradients"
  /// The steps of the path, at the nodes of Gauss and Legendre.
  public var steps: Int

  public init(steps: Int = 50) { self.steps = steps }
  init(_ options: ExplanationOptions) { self.init(steps: options.samples ?? 50) }

  public func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
    let (values, rule) = (input.values, Self.nodes(steps))
    let mean = try subject.meanGradient(of: steps, like: input, weights: rule.map(\.weight)) {
      step, place in
      let share = Float(rule[step].place)
      for index in place.indices { place[index] = share * values[index] }
    }
    return Attribution(try mean.times(input), as: .signed)
  }

  /// The nodes and weights of the rule between 0 and 1, by Newton's method from Tricomi's guess.
  package static func nodes(_ count: Int) -> [(place: Double, weight: Double)] {
    (0..<count).map { index in
      var x = -cos(Double.pi * (Double(index) + 0.75) / (Double(count) + 0.5))
      var slope = 1.0
      for _ in 0..<100 {
        var (before, value) = (1.0, x)
        for degree in 1..<max(count, 1) {
          let next =
            (Double(2 * degree + 1) * x * value - Double(degree) * before) / Double(degree + 1)
          (before, value) = (value, next)
        }
        slope = Double(count) * (x * value - before) / (x * x - 1)
        let step = value / slope
        x -= step
        if abs(step) < 1e-15 { break }
      }
      return ((x + 1) / 2, 1 / ((1 - x * x) * slope * slope))
    }
  }
}

extension ExplanationMethod where Self == IntegratedGradients {
  public static var integratedGradients: IntegratedGradients { IntegratedGradients() }
}
