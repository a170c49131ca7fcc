import ZooKit
import ZooStore

/// A checkpoint from which a run can resume: weights, and in `/training` the state as JSON and the
/// optimiser's arrays.
struct SavedTraining {
  let state: TrainingState
  private let store: WeightStore

  init(_ path: String) throws {
    store = try WeightStore(path)
    guard let dataset = store.file["/training/state"], dataset.isText,
      let text = try store.file.strings(dataset).first
    else { throw ZooError.corrupt("\(path) has weights but no state of training") }
    guard dataset.attributes["sha256"]?.string == SHA256.hexadecimal(of: text.utf8) else {
      throw ZooError.corrupt("\(path): /training/state is damaged: its SHA-256 is another")
    }
    state = try TrainingState(
      JSON(parsing: text, origin: "\(path): /training/state"), in: "\(path): /training/state")
  }

  func weights(for graph: Graph) throws -> Weights {
    try LoadPlan(from: store, into: graph).execute()
  }

  /// An array of the optimiser's state, by name.
  func array(_ name: String) throws -> Tensor {
    guard let dataset = store.file["/training/optimizer/\(name)"] else {
      throw ZooError.corrupt("\(store.origin) has no “\(name)” of its optimiser")
    }
    return try store.tensor(dataset)
  }
}

extension HDF5Contents {
  mutating func addTraining(_ state: TrainingState, _ arrays: [(name: String, values: Tensor)])
    throws
  {
    try add("/training/state", text: state.json.text(pretty: true))
    addGroup("/training/optimizer")
    for (name, values) in arrays { try add("/training/optimizer/\(name)", values) }
  }
}
