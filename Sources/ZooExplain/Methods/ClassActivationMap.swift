import ZooKit

/// The maps of the last layer, weighed by the head's weights of the class (Zhou et al.,
/// arXiv:1512.04150). The head must be one linear layer over an average, or the average of a map of
/// classes.
public struct ClassActivationMap: ExplanationMethod {
  public let name = "cam"
  public init() {}

  public func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
    let layer = try subject.averagedLayer()
    let (value, gradient) = try subject.gradient(at: layer, of: input)
    // Every place has its share of the weight, so their sum is the head's weight of the channel.
    let weights = gradient.planes.map { $0.reduce(0) { $0 + Double($1) } }
    return Attribution(try value.weighted(by: weights), layer: layer, as: .magnitude)
  }
}

extension ExplanationMethod where Self == ClassActivationMap {
  public static var cam: ClassActivationMap { ClassActivationMap() }
}

extension Subject {
  /// The layer that the head averages.
  fileprivate func averagedLayer() throws -> String {
    guard let output else {
      throw ZooError.usage("cam explains a class; gradcam and occlusion explain anything")
    }
    var index = try graph.resolve(output.value)
    var linear = 0
    while true {
      let operation = graph.operations[index]
      let isAverage: Bool
      switch operation.layer {
      case let pool as AdaptivePool: isAverage = pool.reduction == .average
      case is AveragePool: isAverage = true
      default: isAverage = false
      }
      if isAverage, operation.shape.count == operation.shape.channels { break }
      let isLinear = operation.layer.linearMap != nil
      guard operation.inputs.count == 1, operation.layer.isIdentity || isLinear && linear == 0
      else { throw refusal(at: operation) }
      linear += isLinear ? 1 : 0
      index = operation.inputs[0]
    }
    guard let input = graph.operations[index].inputs.first,
      graph.operations[input].shape.height * graph.operations[input].shape.width > 1
    else { throw refusal(at: graph.operations[index]) }
    return graph.operations[input].name
  }

  private func refusal(at operation: Graph.Operation) -> ZooError {
    .usage(
      "cam needs a head of one linear layer over an average, but \(operation.name) "
        + "(\(operation.layer.kind)) is between them; gradcam, gradcam++, layercam and scorecam work "
        + "for every head")
  }
}

extension Tensor {
  /// The maps of C×H×W.
  var planes: [[Float]] {
    let pixels = shape.height * shape.width
    return withValues { values in
      (0..<shape.channels).map { Array(values[$0 * pixels..<($0 + 1) * pixels]) }
    }
  }

  /// The sum of the maps of C×H×W, each with a factor.
  func weighted(by factors: [Double]) throws -> Tensor {
    let pixels = shape.height * shape.width
    var sum = [Double](repeating: 0, count: pixels)
    withValues { values in
      for (channel, factor) in factors.enumerated() where factor != 0 {
        for pixel in 0..<pixels { sum[pixel] += factor * Double(values[channel * pixels + pixel]) }
      }
    }
    return try Tensor([shape.height, shape.width], sum.map { Float($0) })
  }

  /// Values below zero become zero.
  func rectified() throws -> Tensor { try Tensor(shape, values.map { max($0, 0) }) }
}
