import ZooEngine
import ZooKit
import ZooStore

/// The stretches of a network to freeze, and until when.
///
/// ```swift
/// let freezing: Freezing = [.backbone]                             // only the head learns
/// let gradual = Freezing([.init("layer3", until: 3), .init("backbone", until: 6)])
/// ```
/// A parameter learns in an epoch if no frozen stretch contains it.
public struct Freezing: Sendable, ExpressibleByArrayLiteral {
  /// A stage or a single layer.
  public struct Stretch: Sendable {
    public var name: String
    /// The epoch, from 0, in which it starts to learn; nil means never.
    public var until: Int?

    public init(_ name: String, until: Int? = nil) {
      self.name = name
      self.until = until
    }

    public static let backbone = Stretch(Stage.backbone)
  }

  /// The behaviour of norms with running statistics.
  public enum Norms: String, Sendable, CaseIterable {
    /// In frozen stretches norms use their statistics and do not update them, so the output of a
    /// frozen stretch does not change; elsewhere they use the batch's.
    case withStage
    /// All norms use their running statistics, for batches too small to estimate a mean.
    case frozen
    /// All norms use the batch's statistics and update their own, even if their scale is frozen.
    case batch
  }

  public var stretches: [Stretch]
  public var norms: Norms

  public init(_ stretches: [Stretch], norms: Norms = .withStage) {
    self.stretches = stretches
    self.norms = norms
  }

  public init(arrayLiteral stretches: Stretch...) { self.init(stretches) }

  /// The stretches that are frozen in an epoch.
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
