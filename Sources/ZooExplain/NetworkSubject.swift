import ZooKit

/// A sum of numbers of one of a network's values, each with a factor: a class, a class over a region
/// of a map, a neuron.
public final class NetworkSubject: Subject {
  public let name: String
  public let output: Output?
  private let network: ExplainedNetwork
  private let value: String
  private let focus: Focus
  /// The probability of a value, if the task has one.
  private let probability: ((UnsafeBufferPointer<Float>) -> Double)?

  /// The numbers that are explained.
  public enum Focus: Sendable {
    /// The number at this place of the value.
    case place(Int)
    /// The mean of a map's channel over some of its pixels; nil means all.
    case mean(channel: Int, over: [Int]?)
    /// The largest number of a channel, wherever it is.
    case strongest(channel: Int)
  }

  /// - Parameters:
  ///   - value: an output, layer or stage.
  ///   - probability: of the value, where the task has one.
  public init(
    _ name: String, of value: String, _ focus: Focus, in network: ExplainedNetwork,
    probability: ((UnsafeBufferPointer<Float>) -> Double)? = nil
  ) throws {
    (self.name, self.value, self.focus) = (name, value, focus)
    self.network = network
    self.probability = probability
    let shape = network.graph.operations[try network.graph.resolve(value)].shape
    let isVector = shape.count == shape.channels
    if case .place(let place) = focus, isVector {
      output = Output(value: value, channel: place)
    } else {
      output = nil
    }
  }

  public var graph: Graph { network.graph }
  public var lastMap: String? { network.graph.lastMap(before: value) }

  public func scores(
    of count: Int, on scale: Scale,
    filledBy fill: (Int, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws -> [Double] {
    var scores = [Double](repeating: 0, count: count)
    let channels = try channels
    try network.forEachValue(of: value, count, filledBy: fill) { index, values in
      scores[index] =
        if scale == .probability, let probability { probability(values) } else {
          terms(values, channels).reduce(0) { $0 + Double($1.factor) * Double(values[$1.place]) }
        }
    }
    return scores
  }

  public func gradients(at points: [String], of batch: Tensor, rule: Rule) throws
    -> [String: (value: Tensor, gradient: Tensor)]
  {
    let channels = try channels
    return try network.gradients(at: points, of: batch, from: [value], rule: rule) { values in
      try values.mapValues { values in
        try Tensor(values.shape) { seed in
          seed.initialize(repeating: 0)
          let row = values.count / values.shape[0]
          values.withValues { values in
            for start in stride(from: 0, to: values.count, by: row) {
              let item = UnsafeBufferPointer(rebasing: values[start..<start + row])
              for term in terms(item, channels) { seed[start + term.place] += term.factor }
            }
          }
        }
      }
    }
  }

  public func windows(of picture: Tensor) throws -> SlidingNetwork.Answers {
    guard let output else {
      throw ZooError.usage("sliding-window explains a class or a number, not \(name)")
    }
    let all = try network.sliding(output.value).answers(for: picture)
    let (rows, columns) = (all.values.shape.height, all.values.shape.width)
    let own = all.values.values[(output.channel * rows * columns)...].prefix(rows * columns)
    return .init(
      values: try Tensor([rows, columns], own), window: all.window, step: all.step, top: all.top,
      left: all.left)
  }

  public func value(of layer: String, for batch: Tensor) throws -> Tensor {
    try network.value(of: layer, for: batch)
  }

  private var channels: Int {
    get throws { graph.operations[try graph.resolve(value)].shape.channels }
  }

  /// The places of a value and their factors.
  private func terms(_ values: UnsafeBufferPointer<Float>, _ channels: Int)
    -> [(place: Int, factor: Float)]
  {
    let pixels = values.count / max(1, channels)
    switch focus {
    case .place(let place): return [(place, 1)]
    case .mean(let channel, let region):
      let region = region ?? Array(0..<pixels)
      return region.map { (channel * pixels + $0, 1 / Float(region.count)) }
    case .strongest(let channel):
      let places = channel * pixels..<(channel + 1) * pixels
      return [(places.max { values[$0] < values[$1] } ?? places.lowerBound, 1)]
    }
  }
}

extension Graph {
  /// The last map with places before an output, or before a value that is not behind the head.
  fileprivate func lastMap(before value: String) -> String? {
    guard let index = operation(named: value), let last = lastMap,
      let place = operation(named: last)
    else { return nil }
    let path = ancestors(of: [index])
    if path.contains(place), place != index { return last }
    // A neuron inside the backbone: the map before it.
    return lastMap(feeding: value)
  }

  /// The last map with places that a value is computed from.
  public func lastMap(feeding value: String) -> String? {
    guard let index = operation(named: value) else { return nil }
    return ancestors(of: [index]).sorted().last { $0 != index && isMap($0) }
      .map { operations[$0].name }
  }
}
