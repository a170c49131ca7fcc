import ZooKit
import ZooStore

extension Model {
  /// Writes a checkpoint, whole or not at all, with a golden pass for `zoo verify`.
  public func save(to path: String) throws {
    try WeightStore.write(
      to: path, meta: checkpoint.json, weights: Array(weights), golden: Golden(of: graph, weights),
      arrays: checkpoint.arrays)
  }
}
