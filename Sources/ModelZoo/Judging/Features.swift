import ZooData
import ZooEngine
import ZooKit
import ZooStore
import ZooVision

/// A network's output for pictures at one of its nodes, with their names and labels: for another
/// classifier, a similarity search or a map.
///
/// ```swift
/// let features = try model.features(of: Dataset.open("ants-and-bees"))
/// try features.write(to: "features.h5")
/// ```
public struct Features: Sendable {
  /// Pictures along the first axis.
  public let values: Tensor
  public let names: [String]
  public let splits: [String]
  /// The class of each picture, −1 if it has none; empty if no picture has one.
  public let labels: [Int]
  public let classes: [String]
  public let model: String
  public let node: String

  /// The class of a picture; nil if it has none.
  public func label(of index: Int) -> String? {
    guard labels.indices.contains(index), classes.indices.contains(labels[index]) else {
      return nil
    }
    return classes[labels[index]]
  }

  /// Writes an HDF5 file: `features`, `names`, `splits` and, if there are labels, `labels` and
  /// `classes`.
  public func write(to path: String) throws { try contents().write(to: path) }

  func contents() throws -> HDF5Contents {
    var contents = HDF5Contents()
    try contents.add("/features", values)
    try contents.add("/names", texts: names)
    try contents.add("/splits", texts: splits)
    if !labels.isEmpty {
      var bytes: [UInt8] = []
      for label in labels { withUnsafeBytes(of: Int64(label).littleEndian) { bytes += $0 } }
      try contents.add("/labels", bytes: bytes, shape: [labels.count], type: .int64)
      try contents.add("/classes", texts: classes)
    }
    contents.set("model", .text(model), on: "/features")
    contents.set("node", .text(node), on: "/features")
    return contents
  }
}

extension Model {
  /// - Parameters:
  ///   - data: all its splits are used, in order.
  ///   - node: an operation or a stage; nil means the input of the head.
  ///   - pooled: whether maps are averaged to one number per channel.
  ///   - engine: the engine.
  ///   - batch: the number of pictures per batch.
  ///   - progress: called with the number of finished pictures and their total.
  public func features(
    of data: Dataset, node: String? = nil, pooled: Bool = true, engine: EngineChoice = .auto,
    batch: Int = 16, progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> Features {
    try features(
      of: data, node: node, pooled: pooled, engine: engine, batch: batch, progress: progress,
      seeing: { _ in })
  }

  /// - Parameter look: gets the network's inputs too, batch by batch.
  func features(
    of data: Dataset, node: String?, pooled: Bool, engine: EngineChoice, batch: Int,
    progress: (_ done: Int, _ of: Int) -> Void, seeing look: (Tensor) throws -> Void
  ) throws -> Features {
    let place = try node ?? lastFeatures
    let splits = try data.splits.map { try $0.checked().split }
    let total = splits.reduce(0) { $0 + $1.count }
    let items = splits.flatMap(\.items)
    let values = try pooledFeatures(
      of: Split(name: "", items: items), classes: data.classes.count, at: [place], pooled: pooled,
      engine: engine, batch: batch, progress: { progress($0, total) }, seeing: look)[0]
    let labels = items.map { if case .label(let index) = $0.annotation { index } else { -1 } }
    return Features(
      values: values, names: items.map(\.name),
      splits: splits.flatMap { split in split.items.map { _ in split.name } },
      labels: labels.contains { $0 >= 0 } ? labels : [], classes: data.classes, model: name,
      node: place)
  }

  /// The outputs of nodes for every picture, along the first axis.
  func pooledFeatures(
    of split: Split, classes: Int, at nodes: [String], pooled: Bool = true, engine: EngineChoice,
    batch: Int, progress: (_ done: Int) -> Void = { _ in },
    seeing look: (Tensor) throws -> Void = { _ in }
  ) throws -> [Tensor] {
    let part = try graph.part(.init(from: graph.inputs.map(\.name), to: nodes))
    let plan = try InferencePlan(part, weights, batch: batch, engine: engine.engine())
    let shapes = part.outputs.map { port -> [Int] in
      let shape = part.operations[port.operation].shape
      return pooled && shape.rank == 3 ? [shape[0]] : shape.sizes
    }
    let wholes = try shapes.map { shape in
      guard let whole = Shape(checked: [split.count] + shape) else {
        throw ZooError.failure("no tensor holds the features of \(split.count) pictures")
      }
      return whole
    }
    var values = wholes.map { whole in
      var values: [Float] = []
      values.reserveCapacity(whole.count)
      return values
    }
    let loader = Loader(
      split, classes: classes, preprocessing: checkpoint.preprocessing, batchSize: batch,
      shuffles: false)
    let batches = loader.batches(epoch: 0)
    var done = 0
    while let next = try batches.next() {
      try look(next.input)
      let found = try plan.runFilled([plan.inputs[0].name: next.input])
      for (index, port) in part.outputs.enumerated() {
        guard let map = found[port.name] else { continue }
        values[index] += pooled && map.shape.rank == 4 ? map.averagedMaps : map.values
      }
      done += next.indices.count
      progress(done)
    }
    return try zip(wholes, values).map { try Tensor($0, $1) }
  }

  var lastFeatures: String {
    get throws {
      guard let index = graph.lastFeatures else {
        throw ZooError.usage("\(name) has no features separate from its head; choose a node")
      }
      return graph.operations[index].name
    }
  }
}

extension Tensor {
  /// N×C×H×W as N×C, row by row.
  var averagedMaps: [Float] {
    let area = shape[2] * shape[3]
    return withValues { values in
      stride(from: 0, to: values.count, by: area).map { start in
        Float(values[start..<start + area].reduce(0.0) { $0 + Double($1) } / Double(area))
      }
    }
  }
}
