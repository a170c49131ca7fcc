import ZooEngine
import ZooKit

/// Updates a plan's parameters. It stores the optimiser's state in flat arrays, one per kind of
/// state, in the order of the plan's block.
///
/// ```swift
/// var descent = try Descent(options, for: plan)
/// try plan.backward(gradients)
/// let norm = descent.gradientNorm(plan)
/// descent.step(plan, rate: 0.1, gradientNorm: norm)
/// ```
public struct Descent: Sendable {
  public let options: Options

  /// The number of updates of each parameter, by name; a parameter that was frozen at first starts
  /// later.
  private(set) public var ages: [String: Int] = [:]
  /// In the order of the optimiser's memory.
  private var memory: [Tensor] = []
  /// The average of the parameters, once there is one.
  private var average: Tensor?
  /// The number of parameters that learn.
  private var size = 0
  private var slots: [TrainingPlan.Slot] = []
  private var factors: [String: Double] = [:]

  /// - Parameters:
  ///   - options: options of the optimiser.
  ///   - plan: the plan whose parameters learn.
  ///   - network: the whole network, if the plan covers a part of it; layer decay needs it.
  public init(_ options: Options, for plan: TrainingPlan, of network: Graph? = nil) throws {
    self.options = options
    try adopt(plan, of: network)
  }

  /// Continues with another plan of the same network: parameters that learned before keep their
  /// state, new ones start without.
  public mutating func adopt(_ plan: TrainingPlan, of network: Graph? = nil) throws {
    let before = Dictionary(uniqueKeysWithValues: slots.map { ($0.parameter.name, $0.range) })
    size = plan.update { values, _ in values.count }
    func moved(_ old: Tensor?, _ new: inout Tensor) throws {
      guard let old else { return }
      try new.withMutableValues { new in
        old.withValues { old in
          for slot in plan.slots {
            guard let range = before[slot.parameter.name] else { continue }
            for (from, to) in zip(range, slot.range) { new[to] = old[from] }
          }
        }
      }
    }
    memory = try options.optimizer.memory.indices.map { index in
      var new = try Tensor(zeros: [size])
      try moved(memory.indices.contains(index) ? memory[index] : nil, &new)
      return new
    }
    if isMoving || average != nil {
      // The average starts at the parameters, which is also the mean of what has not learned yet.
      var new = try plan.update { values, _ in try Tensor([size], values) }
      try moved(average, &new)
      average = new
    }
    slots = plan.slots
    factors = Descent.rateFactors(network ?? plan.graph, options.layerDecay)
    ages = Dictionary(
      uniqueKeysWithValues: slots.map { ($0.parameter.name, ages[$0.parameter.name] ?? 0) })
  }

  /// The norm of all gradients together; NaN or infinite if one of them is.
  public func gradientNorm(_ plan: TrainingPlan) -> Double {
    plan.update { _, gradients in squares(.init(gradients)).squareRoot() }
  }

  /// Updates every parameter that learns.
  /// - Parameters:
  ///   - plan: after its backward.
  ///   - rate: the learning rate, before the factors of layer decay.
  ///   - momentum: the momentum, if the schedule sets it.
  ///   - gradientNorm: the norm that decides whether gradients are clipped.
  public mutating func step(
    _ plan: TrainingPlan, rate: Double, momentum: Double? = nil, gradientNorm: Double
  ) throws {
    let scale = options.clipping.map { min(1, $0 / (gradientNorm + 1e-6)) } ?? 1
    let bases = try memory.indices.map { try memory[$0].withMutableValues(\.baseAddress) }
    try plan.update { values, gradients in
      guard let x = values.baseAddress, let g = gradients.baseAddress else { return }
      if scale < 1 {
        let scale = Float(scale)
        Threads.split(gradients.count, multiple: 16) { for index in $0 { g[index] *= scale } }
      }
      for slot in slots {
        let parameter = slot.parameter
        let decays = options.decayed == .everything || parameter.role == .weight
        let age = ages[parameter.name] ?? 0
        ages[parameter.name] = age + 1
        let rate = rate * (factors[parameter.name] ?? 1)
        Threads.split(slot.range.count, cost: 4, multiple: 16) { part in
          let start = slot.range.lowerBound + part.lowerBound
          options.optimizer.move(
            Stretch(
              count: part.count, values: x + start, gradients: g + start,
              memory: bases.compactMap { $0.map { $0 + start } }, age: age, rate: rate,
              weightDecay: decays ? options.weightDecay : 0, momentum: momentum))
        }
      }
      try follow(values)
    }
  }

  /// Whether the average follows every step.
  private var isMoving: Bool {
    if case .exponential = options.averaging { true } else { false }
  }

  /// Moves the average towards the parameters; in the first step it equals them.
  private mutating func follow(_ values: UnsafeMutableBufferPointer<Float>) throws {
    guard case .exponential(let keep) = options.averaging else { return }
    let isFirst = ages.values.allSatisfy { $0 <= 1 }
    try approach(values, by: isFirst ? 1 : Float(1 - keep))
  }

  /// Adds the parameters to their equal mean, as the `count`th of its terms.
  mutating func collect(_ plan: TrainingPlan, count: Int) throws {
    try plan.update { values, _ in
      if count == 1 { average = try Tensor([values.count], values) }
      try approach(values, by: 1 / Float(count))
    }
  }

  private mutating func approach(
    _ values: UnsafeMutableBufferPointer<Float>, by share: Float
  ) throws {
    try average?.withMutableValues { average in
      Threads.split(average.count, multiple: 16) { range in
        for index in range { average[index] += share * (values[index] - average[index]) }
      }
    }
  }

  /// The weights to evaluate and save: the plan's, with the average, if there is one, in place of the
  /// parameters that learn.
  public func weights(_ plan: TrainingPlan) throws -> Weights {
    var weights = try plan.weights
    guard let average else { return weights }
    try average.withValues { values in
      for slot in slots {
        weights[slot.parameter.name] = try Tensor(slot.parameter.shape, values[slot.range])
      }
    }
    return weights
  }
}

extension Descent {
  /// The optimiser's whole state, by name.
  package var arrays: [(name: String, values: Tensor)] {
    zip(options.optimizer.memory, memory).map { ($0, $1) }
      + (average.map { [("average", $0)] } ?? [])
  }

  /// Restores ``arrays`` and ``ages``, for a plan with the same parameters.
  /// - Parameter collected: how many epochs their equal mean has.
  package mutating func restore(
    _ arrays: (String) throws -> Tensor, ages: [String: Int], collected: Int = 0,
    in origin: String
  ) throws {
    guard Set(ages.keys) == Set(slots.map(\.parameter.name)) else {
      throw ZooError.corrupt(
        "\(origin): its optimiser knows other parameters than those that learn")
    }
    func read(_ name: String, _ count: Int) throws -> Tensor {
      let tensor = try arrays(name)
      guard tensor.count == count else {
        throw ZooError.corrupt(
          "\(origin): “\(name)” has \(tensor.count) numbers; expected \(count)")
      }
      return tensor
    }
    memory = try zip(options.optimizer.memory, memory).map { try read($0, $1.count) }
    average = isMoving || collected > 0 ? try read("average", size) : nil
    self.ages = ages
  }
}

/// Σ x² in float64, in blocks that do not depend on the number of threads.
func squares(_ values: UnsafeBufferPointer<Float>) -> Double {
  let size = 1 << 14
  var sums = [Double](repeating: 0, count: (values.count + size - 1) / size)
  sums.withUnsafeMutableBufferPointer { sums in
    Threads.split(sums.count, cost: size / 4) { blocks in
      for block in blocks {
        let part = values[block * size..<min((block + 1) * size, values.count)]
        guard let start = values.baseAddress.map({ $0 + part.startIndex }) else { continue }
        var eight = SIMD8<Double>()
        var index = 0
        while index + 8 <= part.count {
          let x = UnsafeRawPointer(start + index).loadUnaligned(as: SIMD8<Float>.self)
          eight += SIMD8<Double>(x) * SIMD8<Double>(x)
          index += 8
        }
        sums[block] = part.dropFirst(index).reduce(eight.sum()) { $0 + Double($1) * Double($1) }
      }
    }
  }
  return sums.reduce(0, +)
}
