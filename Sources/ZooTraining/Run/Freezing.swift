import ZooEngine
import ZooKit
import ZooStore

/// What of a network keeps still, and until when.
///
/// ```swift
/// let freezing: Freezing = [.backbone]                             // only the head learns
/// let gradual = Freezing([.init("layer3", until: 3), .init("backbone", until: 6)])
/// ```
/// A parameter learns in an epoch when no frozen stretch that it belongs to holds it any more.
public struct Freezing: Sendable, ExpressibleByArrayLiteral {
  /// A stage or a single layer.
  public struct Stretch: Sendable {
    public var name: String
    /// The epoch, from 0, in which it begins to learn; nil is never.
    public var until: Int?

    public init(_ name: String, until: Int? = nil) {
      self.name = name
      self.until = until
    }

    public static let backbone = Stretch(Stage.backbone)
  }

  /// What norms with running statistics do.
  public enum Norms: String, Sendable, CaseIterable {
    /// In frozen stretches they use their statistics and leave them as they are, elsewhere they
    /// take the batch's: what a frozen stretch computes does not change.
    case withStage
    /// All of them use their statistics, always: for batches too small to tell a mean.
    case frozen
    /// All of them take the batch's and move their own, though their scale may be frozen.
    case batch
  }

  public var stretches: [Stretch]
  public var norms: Norms

  public init(_ stretches: [Stretch], norms: Norms = .withStage) {
    self.stretches = stretches
    self.norms = norms
  }

  public init(arrayLiteral stretches: Stretch...) { self.init(stretches) }

  /// What is frozen in an epoch.
  public func names(at epoch: Int) -> [String] {
    stretches.filter { $0.until.map { epoch < $0 } ?? true }.map(\.name)
  }

  package func options(_ graph: Graph, epoch: Int) throws -> TrainingPlan.Options {
    let frozen: Set<Int>
    do {
      frozen = Set(try names(at: epoch).flatMap(graph.operations(named:)))
    } catch let error as ZooError {
      throw ZooError.usage("cannot freeze: \(error.message)")
    }
    let still = Set(frozen.flatMap { graph.operations[$0].parameters.map(\.name) })
    var options = TrainingPlan.Options()
    options.trainable = { !still.contains($0.name) }
    options.frozenNorms = graph.operations.indices.filter { index in
      guard graph.operations[index].parameters.contains(where: { !$0.role.isTrainable }) else {
        return false
      }
      switch norms {
      case .withStage: return frozen.contains(index)
      case .batch: return false
      case .frozen: return true
      }
    }.map { graph.operations[$0].name }
    return options
  }

  public var json: JSON {
    [
      "stretches": JSON(
        stretches.map { stretch -> JSON in
          ["name": JSON(stretch.name), "until": stretch.until.map { JSON($0) } ?? nil]
        }), "norms": JSON(norms.rawValue),
    ]
  }
}
