import ZooKit

/// What a frozen part of a network makes of every item, computed once and kept in memory: the rest
/// then learns from features instead of pictures, in a fraction of the time.
///
/// ```swift
/// let backbone = try InferencePlan(frozen, weights, batch: 32)
/// let features = try FeatureSource(pictures, through: "vgg16 features", batch: 32) {
///   try backbone.run($0)
/// }
/// let trainer = Trainer(head, weights, features, objective: objective, options: options)
/// ```
/// Only a source whose items are always the same has features that are.
public struct FeatureSource: BatchSource {
  public let count: Int
  public let fingerprint: String
  private let source: any BatchSource
  private var inputs: [String: Tensor] = [:]
  private var targets: [String: Target] = [:]

  public var isFixed: Bool { true }

  /// - Parameters:
  ///   - source: of the items.
  ///   - name: of what computes the features, for the fingerprint.
  ///   - batch: how many items the closure is given, always.
  ///   - features: what the rest of the network takes as its inputs, by name.
  public init(
    _ source: any BatchSource, through name: String, batch: Int,
    features: ([String: Tensor]) throws -> [String: Tensor]
  ) throws {
    guard source.isFixed else {
      throw ZooError.usage("features are computed once, but the data varies from epoch to epoch")
    }
    self.source = source
    count = source.count
    fingerprint = "\(source.fingerprint) through \(name)"
    var (values, classes): ([String: [Float]], [String: [Int32]]) = ([:], [:])
    var (kept, shapes): ([String: Tensor], [String: [Int]]) = ([:], [:])
    for start in stride(from: 0, to: count, by: batch) {
      let items = min(batch, count - start)
      // The last batch is filled up with an item that is not looked at.
      let numbers = (0..<batch).map { min(start + $0, count - 1) }
      let part = try source.batch(numbers, epoch: 0, random: Random(seed: 0))
      for (name, tensor) in try features(part.inputs) {
        let shape = Array(tensor.shape.sizes.dropFirst())
        var all = try kept[name] ?? Tensor(zeros: Shape([count] + shape))
        kept[name] = nil
        let stride = tensor.count / batch
        try all.withMutableValues { all in
          tensor.withValues {
            for index in 0..<items * stride { all[start * stride + index] = $0[index] }
          }
        }
        kept[name] = all
      }
      for (name, target) in part.targets {
        switch target {
        case .classes(let all): classes[name, default: []] += all.prefix(all.count / batch * items)
        case .values(let tensor):
          shapes[name] = Array(tensor.shape.sizes.dropFirst())
          tensor.withValues { values[name, default: []] += $0.prefix($0.count / batch * items) }
        }
      }
    }
    inputs = kept
    targets = classes.mapValues { .classes($0) }
    for (name, all) in values {
      targets[name] = .values(try Tensor(Shape([count] + (shapes[name] ?? [])), all))
    }
  }

  public func order(epoch: Int, random: Random) -> [Int] {
    source.order(epoch: epoch, random: random)
  }

  public func batch(_ items: [Int], epoch: Int, random: Random) throws -> Batch {
    Batch(
      inputs: try inputs.mapValues { try $0.rows(items) },
      targets: try targets.mapValues { target in
        switch target {
        case .values(let tensor): return .values(try tensor.rows(items))
        case .classes(let all):
          let stride = all.count / count
          return .classes(items.flatMap { all[$0 * stride..<($0 + 1) * stride] })
        }
      })
  }
}

extension Tensor {
  /// Some items of the first axis.
  fileprivate func rows(_ items: [Int]) throws -> Tensor {
    let stride = count / max(1, shape[0])
    return try Tensor(Shape([items.count] + shape.sizes.dropFirst())) { target in
      withValues { source in
        for (place, item) in items.enumerated() {
          for index in 0..<stride { target[place * stride + index] = source[item * stride + index] }
        }
      }
    }
  }
}
