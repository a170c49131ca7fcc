import ZooKit

/// A load before it happens: every tensor of a checkpoint compared with every parameter of a
/// network by name and shape, and not a byte copied.
///
/// ```swift
/// let plan = try LoadPlan(from: source, into: graph)
/// print(plan.coverage, plan.missing.map(\.parameter.name))
/// let weights = try plan.execute()        // throws, and reads nothing, unless everything fits
/// ```
/// The layout of kernels comes from the checkpoint's lineage (``TensorSource/layout``) and is never
/// guessed from shapes: a 3×3×3×3 kernel fits either way.
public struct LoadPlan: Sendable {
  public enum Policy: Sendable {
    /// Everything must fit, both ways.
    case strict
    /// What fits is taken.
    case partial
  }

  public struct Match: Sendable {
    public let source: TensorInfo
    public let parameter: Parameter
    public let change: LayoutChange
  }

  /// A parameter that no tensor fills.
  public struct Missing: Sendable {
    public let parameter: Parameter
    /// A tensor of the file, left over and alike.
    public let near: String?
  }

  /// A tensor that fills no parameter.
  public struct Unexpected: Sendable {
    public let source: TensorInfo
    /// A parameter without a tensor and alike.
    public let near: String?
  }

  /// The name fits and the shape or the type does not.
  public struct Mismatch: Sendable {
    public let source: TensorInfo
    public let parameter: Parameter
    /// In our layout, as far as it can be brought there.
    public let found: Shape
    /// A tensor of the file, left over, that would fit.
    public let near: String?
  }

  public let source: any TensorSource
  public let matched: [Match]
  public let missing: [Missing]
  public let unexpected: [Unexpected]
  public let mismatched: [Mismatch]
  /// The part of the network's numbers that the checkpoint brings, from 0 to 1.
  public let coverage: Double
  /// What the lineage of the checkpoint keeps in another layout, by parameter.
  let changes: [String: LayoutChange]

  /// How many of the matched tensors change their layout.
  public var transposed: Int { matched.count { $0.change != .none } }

  public var isComplete: Bool { missing.isEmpty && unexpected.isEmpty && mismatched.isEmpty }

  /// Renames lead from the names of the file to those of the network; the first that leads to a
  /// parameter counts. A common prefix `module.` is dropped without being asked.
  public init(from source: any TensorSource, into graph: Graph, renames: [Rename] = []) throws {
    let parameters = graph.parameters
    let changes = source.layout == .channelsLast ? try graph.channelsLastChanges() : [:]
    let byName = Dictionary(
      parameters.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let prefix = LoadPlan.wrapperPrefix(of: source.tensors)

    var matched: [Match] = []
    var unfit: [Match] = []
    var left: [TensorInfo] = []
    var taken: [String: String] = [:]
    for tensor in source.tensors where !tensor.isBatchCounter {
      let candidates = renames.candidates(for: String(tensor.name.dropFirst(prefix.count)))
      guard let parameter = candidates.lazy.compactMap({ byName[$0] }).first else {
        left.append(tensor)
        continue
      }
      if let other = taken.updateValue(tensor.name, forKey: parameter.name) {
        throw ZooError.corrupt(
          "\(source.origin): \(other) and \(tensor.name) both stand for \(parameter.name)")
      }
      let change = LoadPlan.change(changes[parameter.name] ?? .none, for: tensor, parameter)
      let match = Match(source: tensor, parameter: parameter, change: change)
      let fits = tensor.type.isFloat && change.shape(from: tensor.shape) == parameter.shape
      if fits { matched.append(match) } else { unfit.append(match) }
    }
    let absent = parameters.filter { taken[$0.name] == nil }

    self.changes = changes
    let neighbours = Neighbours(left: left, changes: changes)
    self.source = source
    self.matched = matched
    missing = absent.enumerated().map { index, parameter in
      Missing(parameter: parameter, near: neighbours.tensor(for: parameter, rank: index))
    }
    unexpected = left.enumerated().map { index, tensor in
      Unexpected(
        source: tensor, near: neighbours.parameter(for: tensor, among: absent, rank: index))
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

  /// Keras keeps depthwise kernels in a form of their own; with one input channel both forms are
  /// the same numbers.
  private static func change(
    _ change: LayoutChange, for tensor: TensorInfo, _ parameter: Parameter
  ) -> LayoutChange {
    guard change == .kernel, change.shape(from: tensor.shape) != parameter.shape,
      LayoutChange.depthwiseKernel.shape(from: tensor.shape) == parameter.shape
    else { return change }
    return .depthwiseKernel
  }

  /// What wrappers around a whole network put before every name.
  static func wrapperPrefix(of tensors: [TensorInfo]) -> String {
    var prefix = ""
    // Data parallel around compiled around data parallel: no file has more.
    while prefix.utf8.count < 40,
      let next = ["module.", "_orig_mod."].first(where: { word in
        !tensors.isEmpty && tensors.allSatisfy { $0.name.hasPrefix(prefix + word) }
      })
    {
      prefix += next
    }
    return prefix
  }
}

extension TensorInfo {
  /// How many batches a norm has seen: nothing that computes needs it.
  fileprivate var isBatchCounter: Bool {
    !type.isFloat && shape.count == 1 && shape.rank <= 1 && name.hasSuffix("num_batches_tracked")
  }
}

/// What a name that found no partner may have meant: alike in shape first, then in letters.
private struct Neighbours {
  let left: [TensorInfo]
  let changes: [String: LayoutChange]

  /// A file may bring any number of names of any length; a hint is worth only so much time.
  static let most = 100
  static let longest = 200
  /// Letters compared with letters for one hint: a thousand names of usual length.
  static let work = 2_000_000

  func tensor(for parameter: Parameter, rank: Int) -> String? {
    guard rank < Neighbours.most else { return nil }
    return nearest(
      to: parameter.name, left.lazy.map { ($0.name, fits($0, parameter)) })
  }

  func parameter(for tensor: TensorInfo, among parameters: [Parameter], rank: Int) -> String? {
    guard rank < Neighbours.most, tensor.name.utf8.count <= Neighbours.longest else { return nil }
    return nearest(
      to: tensor.name, parameters.lazy.map { ($0.name, fits(tensor, $0)) })
  }

  private func fits(_ tensor: TensorInfo, _ parameter: Parameter) -> Bool {
    (changes[parameter.name] ?? .none).shape(from: tensor.shape) == parameter.shape
  }

  private func nearest(to name: String, _ others: some Sequence<(String, Bool)>) -> String? {
    var best: (name: String, score: Int)?
    var work = 0
    for (other, fits) in others where other.utf8.count <= Neighbours.longest {
      work += name.utf8.count * other.utf8.count
      guard work <= Neighbours.work else { break }
      let distance = editDistance(name, other)
      let limit = fits ? name.utf8.count * 2 / 3 : max(2, name.utf8.count / 4)
      guard distance <= limit else { continue }
      // Another shape is worth as much as half of the name.
      let score = distance + (fits ? 0 : name.utf8.count / 2)
      if best.map({ score < $0.score }) ?? true { best = (other, score) }
    }
    return best?.name
  }
}
