import ZooKit

/// The derivative at each number of the input times the number: its share of a linear function
/// (Shrikumar et al., arXiv:1605.01713).
public struct GradientTimesInput: ExplanationMethod {
  public let name = "gradient-x-input"
  public init() {}

  public func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
    Attribution(try subject.gradient(of: input).times(input), as: .signed)
  }
}

extension ExplanationMethod where Self == GradientTimesInput {
  public static var gradientTimesInput: GradientTimesInput { GradientTimesInput() }
}

extension Tensor {
  func times(_ other: Tensor) throws -> Tensor {
    try Tensor(shape) { product in
      withValues { a in
        other.withValues { b in
          for index in product.indices { product[index] = a[index] * b[index] }
        }
      }
    }
  }
}
