import Glibc
import ZooKit

/// A small network to run: its graph for a few classes and a small picture, well-conditioned
/// weights, and the parts that run separately.
struct Sample {
  static let classes = 4

  let variant: Variant
  let graph: Graph
  let weights: Weights
  let parts: [Part]

  /// A stretch of the network whose items are pictures or regions.
  struct Part {
    let graph: Graph
    let batch: Int
  }

  init(_ variant: Variant) throws {
    self.variant = variant
    graph = try Sample.smallestGraph(of: variant)
    weights = try Weights(healthyFor: graph)
    parts = try Sample.parts(of: graph)
  }

  /// The shape of a picture.
  var input: Shape { graph.operations[graph.inputs[0].operation].shape }

  func graph(input: Shape) throws -> Graph {
    try variant.graph(head: .original(classes: Sample.classes), input: input)
  }

  /// The same network with a head for another number of classes, and its weights where they fit.
  init(_ sample: Sample, classes: Int) throws {
    variant = sample.variant
    graph = try variant.graph(head: .original(classes: classes), input: sample.input)
    var weights = try Weights(healthyFor: graph, seed: 2)
    for parameter in graph.parameters(ofHead: false) {
      weights[parameter.name] = sample.weights[parameter.name] ?? weights[parameter.name]
    }
    self.weights = weights
    parts = try Sample.parts(of: graph)
  }

  /// For the smallest picture that leaves a map for the head.
  private static func smallestGraph(of variant: Variant) throws -> Graph {
    let input = variant.architecture.input
    let head = Head.original(classes: classes)
    // 188 is the smallest for the U-Net of the paper.
    for side in [32, 48, 64, 96, 128, 160, 188, 192, 224]
    where side < min(input.height, input.width) {
      guard let graph = try? variant.graph(head: head, input: [input.channels, side, side]),
        let features = graph.lastFeatures.map({ graph.operations[$0].shape })
      else { continue }
      if features.rank != 3 || min(features.height, features.width) > 1 { return graph }
    }
    return try variant.graph(head: head)
  }

  /// A network with an input for regions has two parts, with plain code between them.
  private static func parts(of graph: Graph) throws -> [Part] {
    let operations = graph.operations
    let isOfRegions = operations.map { $0.count > 1 }
    guard isOfRegions.contains(true) else { return [Part(graph: graph, batch: 2)] }
    let crossings = operations.indices.filter { index in
      isOfRegions[index] && operations[index].inputs.contains { !isOfRegions[$0] }
    }
    let sources = crossings.flatMap { operations[$0].inputs }.filter { !isOfRegions[$0] }
    let images = graph.inputs.filter { !isOfRegions[$0.operation] }.map(\.name)
    var seen: Set<String> = []
    let first =
      graph.outputs.filter { !isOfRegions[$0.operation] }.map(\.name)
      + sources.map { operations[$0].name }
    let second = graph.outputs.filter { isOfRegions[$0.operation] }.map(\.name)
    return [
      Part(
        graph: try graph.part(.init(from: images, to: first.filter { seen.insert($0).inserted })),
        batch: 2),
      Part(
        graph: try graph.part(
          .init(from: crossings.map { operations[$0].name }, to: second, takesRegions: true)),
        batch: 6),
    ]
  }
}

extension Sample.Part {
  /// Pictures, and noise for the values between two parts.
  func inputs(batch: Int? = nil) throws -> [String: Tensor] {
    var inputs: [String: Tensor] = [:]
    for (index, port) in graph.inputs.enumerated() {
      let shape = graph.operations[port.operation].shape
      inputs[port.name] = try Tensor(
        pictures: batch ?? self.batch, of: shape, seed: UInt64(index + 1))
    }
    return inputs
  }
}

extension Tensor {
  /// Pictures that differ in colour and pattern: a few waves in each channel, and a little noise.
  init(pictures count: Int, of shape: Shape, seed: UInt64) throws {
    let random = Random(seed: seed)
    try self.init(Shape([count] + shape.sizes)) { values in
      let isMap = shape.rank == 3
      let (channels, height, width) =
        isMap ? (shape.channels, shape.height, shape.width) : (1, 1, shape.count)
      var place = 0
      for item in 0..<count {
        for channel in 0..<channels {
          let key = random.key(item).key(channel)
          let base = key.uniform(0) - 0.5
          for row in 0..<height {
            for column in 0..<width {
              var value = base
              if isMap {
                for wave in 0..<2 {
                  let across = Float(1 + key.below(4, 10 + wave)) / Float(width)
                  let down = Float(1 + key.below(4, 20 + wave)) / Float(height)
                  let angle = across * Float(column) + down * Float(row) + key.uniform(30 + wave)
                  value += 0.5 * sin(2 * .pi * angle)
                }
              }
              values[place] = value + 0.3 * (2 * key.uniform(100 + row * width + column) - 1)
              place += 1
            }
          }
        }
      }
    }
  }

  /// In ±1, all different: at least 2⁻¹⁶ apart, so that a small step changes no comparison, and
  /// with few enough bits to be exact.
  init(distinct shape: Shape, seed: UInt64) throws {
    let random = Random(seed: seed)
    let order = (0..<shape.count).sorted { random.bits($0) < random.bits($1) }
    let width = Swift.max(1, Int.bitWidth - Swift.max(0, shape.count - 1).leadingZeroBitCount)
    let spacing = Float(sign: .plus, exponent: 1 - width, significand: 1)
    try self.init(shape) { values in
      for (place, index) in order.enumerated() {
        values[index] = (Float(place) + 0.5 - Float(shape.count) / 2) * spacing
      }
    }
  }

  /// Uniform in ±1; each number depends only on its index.
  init(noise shape: Shape, seed: UInt64) throws {
    let random = Random(seed: seed)
    try self.init(shape) { values in
      for index in values.indices { values[index] = 2 * random.uniform(index) - 1 }
    }
  }
}

extension Weights {
  /// Weights as after some training: all norms different, no bias zero.
  init(healthyFor graph: Graph, seed: UInt64 = 1) throws {
    self.init()
    for parameter in graph.parameters {
      let (scale, offset): (Float, Float) =
        switch parameter.role {
        case .weight: (Float((6 / Double(Swift.max(1, parameter.fanIn))).squareRoot()), 0)
        case .bias, .shift, .mean, .fixedShift: (0.1, 0)
        case .scale, .fixedScale: (0.2, 0.8)
        case .variance: (0.5, 1)
        }
      let random = Random(seed: seed).key(parameter.name)
      self[parameter.name] = try Tensor(parameter.shape) { values in
        for index in values.indices {
          values[index] = offset + scale * (2 * random.uniform(index) - 1)
        }
      }
    }
  }
}

/// ‖a − b‖ / max(‖b‖, least), in float64; infinite if a number is not finite.
func distance(_ a: Tensor, _ b: Tensor, least: Double = 1e-12) -> Double {
  guard a.shape == b.shape else { return .infinity }
  return a.withValues { a in
    b.withValues { b in
      var (difference, norm) = (0.0, 0.0)
      for (x, y) in zip(a, b) {
        difference += (Double(x) - Double(y)) * (Double(x) - Double(y))
        norm += Double(y) * Double(y)
      }
      let error = difference.squareRoot() / max(norm.squareRoot(), least)
      return error.isFinite ? error : .infinity
    }
  }
}

extension Tensor {
  func hasSameBytes(as other: Tensor) -> Bool {
    guard shape == other.shape else { return false }
    return withValues { a in
      other.withValues { b in zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern } }
    }
  }

  var isFinite: Bool { withValues { $0.allSatisfy(\.isFinite) } }

  /// ‖x‖, in float64.
  var norm: Double {
    withValues { $0.reduce(0.0) { $0 + Double($1) * Double($1) } }.squareRoot()
  }

  /// Σ x·y, in float64.
  func dot(_ other: Tensor) -> Double {
    withValues { a in
      other.withValues { b in zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } }
    }
  }

  /// x + t·y
  func moved(along other: Tensor, by step: Float) throws -> Tensor {
    try Tensor(shape) { target in
      withValues { a in
        other.withValues { b in
          for index in target.indices { target[index] = a[index] + step * b[index] }
        }
      }
    }
  }
}
