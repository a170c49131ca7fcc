import Synchronization
import ZooEngine
import ZooKit

extension Model {
  /// Classifiers, detectors and the like, made on demand.
  final class Compiled: Sendable {
    fileprivate struct Key: Hashable {
      let type: ObjectIdentifier
      let variant: String
    }

    fileprivate let made = Mutex<[Key: any Sendable]>([:])
  }

  /// The one that was made before, or a new one for the usual engine.
  /// - Parameter variant: tells several of one type apart.
  package func kept<Made: Sendable>(
    as variant: String = "", _ make: (consuming Model, EngineChoice, Precision) throws -> Made
  ) throws -> Made {
    let key = Compiled.Key(type: ObjectIdentifier(Made.self), variant: variant)
    return try compiled.made.withLock { made in
      if let known = made[key] as? Made { return known }
      // Without this model's own store, so that neither keeps the other alive.
      let bare = Model(
        name: name, checkpoint: checkpoint, variant: self.variant, graph: graph, weights: weights)
      let new = try make(bare, .auto, .fp32)
      made[key] = new
      return new
    }
  }
}
