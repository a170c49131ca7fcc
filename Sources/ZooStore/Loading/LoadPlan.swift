import ZooKit

/// The plan of a load: every tensor of a checkpoint matched with the parameters of a network by
/// name and shape, before any byte is copied.
///
/// ```swift
/// let plan = try LoadPlan(from: source, into: graph)
/// print(plan.coverage, plan.missing.map(\.parameter.name))
/// let weights = try plan.execute()        // throws, and reads nothing, unless everything fits
/// ```
/// The checkpoint's format decides the layout of kernels (``TensorSource/layout``). It is never
/// guessed from shapes: a 3×3×3×3 kernel fits either way.
public struct LoadPlan: Sendable {
  public enum Policy: Sendable {
    /// Everything must fit, in both directions.
    case strict
    /// Loads the tensors that fit.
    case partial
  }

  public struct Match: Sendable {
    public let source: TensorInfo
    public let parameter: Parameter
    public let change: LayoutChange
  }

  /// A parameter without a tensor.
  public struct Missing: Sendable {
    public let parameter: Parameter
    /// A similar unmatched tensor of the file.
    public let near: String?
  }

  /// A tensor without a parameter.
  public struct Unexpected: Sendable {
    public let source: TensorInfo
    /// A similar parameter without a tensor.
    public let near: String?
  }

  /// The name fits, but the shape or type does not.
  public struct Mismatch: Sendable {
    public let source: TensorInfo
    public let parameter: Parameter
    /// In our layout, if it can be converted.
    public let found: Shape
    /// An unmatched tensor of the file that would fit.
    public let near: String?
  }

  public let source: any TensorSource
  /// The dropped prefix of all names in the file, including its last dot.
  public let prefix: String
  public let matched: [Match]
  public let missing: [Missing]
  public let unexpected: [Unexpected]
  public let mismatched: [Mismatch]
  /// The share of the network's numbers that the checkpoint provides, from 0 to 1.
  public let coverage: Double
  /// The layout changes from the checkpoint's format, by parameter.
  let changes: [String: LayoutChange]

  /// The number of matched tensors that change their layout.
  public var transposed: Int { matched.count { $0.change != .none } }

  public var isComplete: Bool { missing.isEmpty && unexpected.isEmpty && mismatched.isEmpty }

  /// Renames map names of the file to those of the network; the first that leads to a parameter
  /// wins. A prefix that all names share is dropped first: a wrapper's always, any other if every
  /// tensor of the file then fits.
  public init(from source: any TensorSource, into graph: Graph, renames: [Rename] = []) throws {
    let parameters = graph.parameters
    let changes = source.layout == .channelsLast ? try graph.channelsLastChanges() : [:]
    let places = Places(parameters, changes: changes, renames: renames)
    let prefix = places.prefix(of: source.tensors.filter { !$0.isBatchCounter })

    var matched: [Match] = []
    var unfit: [Match] = []
    var left: [TensorInfo] = []
    var taken: [String: String] = [:]
    for tensor in source.tensors where !tensor.isBatchCounter {
      guard let match = places.match(tensor, without: prefix) else {
        left.append(tensor)
        continue
      }
      if let other = taken.updateValue(tensor.name, forKey: match.parameter.name) {
        throw ZooError.corrupt(
          "\(source.origin): \(other) and \(tensor.name) both stand for \(match.parameter.name)")
      }
      if match.fits { matched.append(match) } else { unfit.append(match) }
    }
    let absent = parameters.filter { taken[$0.name] == nil }

    self.changes = changes
    let neighbours = Neighbours(left: left, absent: absent, changes: changes, prefix: prefix)
    self.source = source
    self.prefix = prefix
    self.matched = matched
    missing = absent.enumerated().map { index, parameter in
      Missing(parameter: parameter, near: neighbours.tensor(for: parameter, rank: index))
    }
    unexpected = left.enumerated().map { index, tensor in
      Unexpected(
        source: tensor, near: neighbours.parameter(for: tensor, rank: index))
    }
    mismatched = unfit.enumerated().map { index, match in
      Mismatch(
        source: match.source, parameter: match.parameter,
        found: match.change.shape(from: match.source.shape) ?? match.source.shape,
        near: neighbours.tensor(for: match.parameter, rank: index))
    }
    let all = parameters.reduce(0) { $0 + $1.shape.count }
    let covered = matched.reduce(0) { $0 + $1.parameter.shape.count }
    coverage = all == 0 ? 1 : Double(covered) / Double(all)
  }
}

extension TensorInfo {
  /// The number of batches that a norm has seen, which no computation needs.
  var isBatchCounter: Bool {
    !type.isFloat && shape.count == 1 && shape.rank <= 1 && name.hasSuffix("num_batches_tracked")
  }
}
