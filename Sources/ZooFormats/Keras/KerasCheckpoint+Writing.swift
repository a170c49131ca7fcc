import ZooKit
import ZooStore

extension KerasCheckpoint {
  /// Writes an `.h5` file that `model.load_weights` reads into a Keras model of the same network.
  /// Needs memory for two copies of the weights.
  ///
  /// ```swift
  /// try KerasCheckpoint.write(weights, of: graph, to: "vgg16.h5", renames: record.renames)
  /// ```
  /// The renames are those of loading, from Keras' names to ours. Layers without a rename keep our
  /// name.
  public static func write(
    _ weights: Weights, of graph: Graph, to path: String, renames: [Rename] = []
  ) throws {
    let changes = try graph.channelsLastChanges()
    let back = renames.inverted
    var contents = HDF5Contents()
    var layers: [String] = []
    var written: Set<String> = []
    for index in graph.kerasOrder() {
      let operation = graph.operations[index]
      // A layer that is used twice is one layer.
      let parameters = operation.parameters.filter { written.insert($0.name).inserted }
      guard let first = parameters.first else { continue }
      let layer = layerName(of: first, back)
      guard !layers.contains(layer) else {
        throw ZooError.failure("two layers of the network would be called \(layer) in \(path)")
      }
      layers.append(layer)
      contents.addGroup("/\(layer)")
      var names: [String] = []
      for parameter in parameters {
        guard let tensor = weights[parameter.name], tensor.shape == parameter.shape else {
          throw ZooError.failure(
            "there are no weights for \(parameter.name), \(parameter.shape), to write to \(path)")
        }
        let name = "\(layer)/\(parameter.kerasWord):0"
        let channels = operation.inputs.first.map { graph.operations[$0].shape.sizes.first ?? 1 }
        let turned = try tensor.turned(
          back: changes[parameter.name] ?? .none, channels: channels ?? 1)
        try contents.add("/\(layer)/\(name)", turned)
        names.append(name)
      }
      contents.set(names: "weight_names", names, on: "/\(layer)")
    }
    contents.set(names: "layer_names", layers, on: "/")
    contents.set("backend", .text("tensorflow"), on: "/")
    contents.set("keras_version", .text("3.0.0"), on: "/")
    try contents.write(to: path)
  }

  private static func layerName(of parameter: Parameter, _ renames: [Rename]) -> String {
    let name = renames.candidates(for: parameter.name)[0]
    return name.split(separator: ".").dropLast().joined(separator: ".")
  }
}

extension Parameter {
  /// Keras' name for the role.
  fileprivate var kerasWord: String {
    switch role {
    case .weight: "kernel"
    case .bias: "bias"
    case .scale, .fixedScale: "gamma"
    case .shift, .fixedShift: "beta"
    case .mean: "moving_mean"
    case .variance: "moving_variance"
    }
  }
}

extension Tensor {
  /// In Keras' layout. A kernel that reads a single channel of several belongs to another layer
  /// type in Keras, with its own layout.
  fileprivate func turned(back change: LayoutChange, channels: Int) throws -> Tensor {
    var change = change
    var there = change.shape(back: shape)
    if change == .kernel, shape[1] == 1, channels > 1, shape[0].isMultiple(of: channels) {
      change = .depthwiseKernel
      there = [shape[2], shape[3], channels, shape[0] / channels]
    }
    guard change != .none, let there else { return self }
    return try Tensor(there) { target in
      withValues { change.revert($0, there, to: target) }
    }
  }
}

extension HDF5Contents {
  /// A list of names in one attribute, or in numbered ones, because HDF5 limits attributes to 64
  /// KB.
  fileprivate mutating func set(names key: String, _ names: [String], on path: String) {
    let width = names.map(\.utf8.count).max() ?? 1
    let perPart = max(1, 64_512 / max(width, 1))
    guard names.count > perPart else { return set(key, .texts(names), on: path) }
    for (part, start) in stride(from: 0, to: names.count, by: perPart).enumerated() {
      let end = min(start + perPart, names.count)
      set("\(key)\(part)", .texts(Array(names[start..<end])), on: path)
    }
  }
}
