import Glibc
import ZooKit
import ZooStore

extension Conformance {
  /// A saved checkpoint opens, fits, and has the same bits.
  func checkStorage(_ sample: Sample, _ notes: inout Notes) throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/checkpoint.h5"
    let architecture = sample.variant.architecture
    let input = sample.input
    let isGrey = input.channels == 1
    let record = Checkpoint(
      family: sample.variant.family, variant: sample.variant.name, task: architecture.task,
      classes: (0..<Sample.classes).map { "class \($0)" }, input: input,
      preprocessing: Preprocessing(
        resize: .exact(height: input.height, width: input.width),
        channels: isGrey ? .grey : .rgb, mean: Array(repeating: 0, count: isGrey ? 1 : 3),
        std: Array(repeating: 1, count: isGrey ? 1 : 3)),
      provenance: .init(format: "conformance"))
    try WeightStore.write(to: path, meta: record.json, weights: Array(sample.weights))
    let store = try WeightStore(path)
    let read = try Checkpoint(store.meta, in: path)
    notes.expect(
      read.variant == sample.variant.name && read.family == sample.variant.family
        && read.task == architecture.task, else: "its record comes back as another one's")
    let graph = try sample.variant.graph(
      head: read.head(classes: read.classes.count), input: read.input)
    let plan = try LoadPlan(from: store, into: graph)
    guard plan.isComplete else {
      return notes.note("what was saved does not fit it: \(plan.complaint)")
    }
    let weights = try plan.execute()
    for (name, tensor) in sample.weights {
      notes.expect(
        weights[name]?.hasSameBytes(as: tensor) ?? false, else: "\(name) comes back changed")
    }
  }
}
