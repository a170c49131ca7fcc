import ZooKit

/// An output as the losses read it: N items of C channels at each position of a plane; a vector has
/// a single position. Channel c at a position is `base(position) + c * plane`.
struct Positions {
  let channels: Int
  let plane: Int
  /// Items times positions.
  let count: Int

  init(_ output: Tensor) throws {
    let sizes = output.shape.sizes
    guard sizes.count >= 2, output.count > 0 else {
      throw ZooError.failure("a loss takes N×C or N×C×H×W, not \(output.shape)")
    }
    channels = sizes[1]
    plane = sizes.dropFirst(2).reduce(1, *)
    count = sizes[0] * plane
  }

  func base(_ position: Int) -> Int {
    let (item, place) = position.quotientAndRemainder(dividingBy: plane)
    return item * channels * plane + place
  }

  /// Sums the body over ranges of positions. The ranges do not depend on the number of threads, so
  /// neither does the sum.
  func sum(cost: Int, _ body: (Range<Int>) -> SIMD2<Double>) throws -> SIMD2<Double> {
    let size = 1024
    let blocks = (count + size - 1) / size
    var sums = [SIMD2<Double>](repeating: .zero, count: blocks)
    sums.withUnsafeMutableBufferPointer { sums in
      Threads.split(blocks, cost: min(size, count) * cost * channels) { range in
        for block in range { sums[block] = body(block * size..<min((block + 1) * size, count)) }
      }
    }
    return sums.reduce(.zero, +)
  }
}

/// A target as a share for every channel: one-hot for classes; for a single channel, 1 if the class
/// is 1.
struct Shares {
  private let classes: [Int32]
  private let values: Tensor?
  private let pointer: UnsafePointer<Float>?
  private let binary: Bool
  /// The weight of each position; empty if all are equal.
  private let weights: [Float]

  init(_ target: Target, _ output: Tensor, _ positions: Positions) throws {
    binary = positions.channels == 1
    switch target {
    case .classes(let classes):
      let limit = max(2, positions.channels)
      try Target.check(classes, positions.count, limit, output)
      (self.classes, values, pointer, weights) = (classes, nil, nil, [])
    case .weighted(let classes, let weights):
      let limit = max(2, positions.channels)
      try Target.check(classes, positions.count, limit, output)
      guard weights.count == classes.count, weights.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
        throw ZooError.failure(
          "\(weights.count) weights for \(classes.count) classes, or one below zero")
      }
      (self.classes, values, pointer, self.weights) = (classes, nil, nil, weights)
    case .values(let values):
      try Target.check(values, output)
      (classes, self.values, pointer) = ([], values, values.withValues(\.baseAddress))
      weights = []
    }
  }

  /// False if the target is unknown.
  func isKnown(_ position: Int) -> Bool { pointer != nil || classes[position] >= 0 }

  /// The weight of a position.
  func weight(at position: Int) -> Double { weights.isEmpty ? 1 : Double(weights[position]) }

  /// The divisor of a sum over positions: the total weight of all known positions, including class
  /// weights if given.
  func weight(_ ofClasses: [Double]? = nil, _ positions: Positions) -> Double {
    if pointer != nil { return Double(positions.count) }
    var sum = 0.0
    for (position, index) in classes.enumerated() where index >= 0 {
      sum += weight(at: position) * (ofClasses?[Int(index)] ?? 1)
    }
    return sum
  }

  /// The share of a channel; `index` is the element's index in the output.
  func share(_ position: Int, _ channel: Int, at index: Int) -> Double {
    if let pointer { return Double(pointer[index]) }
    return classes[position] == (binary ? 1 : Int32(channel)) ? 1 : 0
  }
}

extension Target {
  static func check(_ classes: [Int32], _ count: Int, _ limit: Int, _ output: Tensor) throws {
    guard classes.count == count else {
      throw ZooError.failure("\(classes.count) classes for an output of \(output.shape)")
    }
    if let wrong = classes.first(where: { $0 >= limit }) {
      throw ZooError.corrupt("class \(wrong) in the data; the output has classes 0 to \(limit - 1)")
    }
  }

  static func check(_ values: Tensor, _ output: Tensor) throws {
    guard values.shape == output.shape else {
      throw ZooError.failure("targets of \(values.shape) for an output of \(output.shape)")
    }
  }
}

extension Tensor {
  /// A tensor of this shape filled by the body, and the value that the body returns.
  func gradient(
    _ body: (UnsafeBufferPointer<Float>, UnsafeMutablePointer<Float>) throws -> Double
  ) throws -> LossValue {
    var value = 0.0
    let gradient = try Tensor(shape) { target in
      guard let start = target.baseAddress else { return }
      value = try withValues { try body($0, start) }
    }
    return LossValue(value: value, gradient: gradient)
  }
}
