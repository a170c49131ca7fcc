import ZooKit

/// A method that weighs the maps of a layer.
public protocol LayerMethod: ExplanationMethod {
  /// Nil means the last layer with places.
  var layer: String? { get set }
  init()
}

extension LayerMethod {
  public init(layer: String?) {
    self.init()
    self.layer = layer
  }

  init(_ options: ExplanationOptions) { self.init(layer: options.layer) }

  /// What speaks for the number: the sum of the maps, each with a weight that follows from the layer's
  /// value and derivative.
  func weighted(
    _ subject: any Subject, _ input: Tensor,
    by weights: (_ value: Tensor, _ gradient: Tensor) -> [Double]
  ) throws -> Attribution {
    let layer = try subject.layer(layer)
    let (value, gradient) = try subject.gradient(at: layer, of: input)
    let sum = try value.weighted(by: weights(value, gradient))
    return Attribution(try sum.rectified(), layer: layer, as: .magnitude)
  }
}

/// A method that draws random numbers.
public protocol SamplingMethod: ExplanationMethod {
  var samples: Int { get set }
  var seed: Int { get set }
  init()
}

extension SamplingMethod {
  public init(samples: Int, seed: Int = 0) {
    self.init()
    (self.samples, self.seed) = (samples, seed)
  }

  init(_ options: ExplanationOptions) {
    self.init()
    (samples, seed) = (options.samples ?? samples, options.seed)
  }

  /// The same numbers for the same seed.
  var random: Random { Random(seed: UInt64(bitPattern: Int64(seed))).key(name) }
}

/// A derivative at the picture that passes rectifiers by a rule.
public protocol RuledGradient: ExplanationMethod {
  static var rule: Rule { get }
}

extension RuledGradient {
  public func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
    Attribution(try subject.gradient(of: input, rule: Self.rule), as: .colour)
  }
}
