import ZooKit
import ZooStore

extension KerasTensors {
  /// One group per layer, with its weights in the order of the attribute `weight_names`.
  mutating func addLegacyLayers(of file: HDF5File, under root: String) throws {
    let base = root == "/" ? "" : root
    for layer in file.names("layer_names", of: root) ?? [] {
      let group = "\(base)/\(layer)"
      let weights = file.names("weight_names", of: group) ?? []
      // A model inside a model stores the weights of all its layers in one group.
      let owners = Set(weights.map { KerasName($0).layer })
      let words = Set(weights.map { KerasName($0).word })
      for weight in weights {
        guard let dataset = file["\(group)/\(weight)"] else {
          throw ZooError.corrupt("\(origin): the layer \(layer) has no data set \(weight)")
        }
        let name = KerasName(weight)
        let owner = owners.count > 1 ? name.layer : layer
        try add(dataset, as: "\(owner).\(name.role(beside: words))")
      }
    }
  }
}

/// `block1_conv1/kernel:0`, or `block1_conv1_W_1:0` in the oldest files.
private struct KerasName {
  /// Everything before the last slash.
  let layer: String
  /// The end of the last part: `kernel`.
  let word: String

  init(_ name: String) {
    let parts = name.split(separator: "/")
    var last = parts.last.map(String.init) ?? name
    if let colon = last.firstIndex(of: ":") { last = String(last[..<colon]) }
    // TensorFlow numbers repeated names.
    if let dash = last.lastIndex(of: "_"), Int(last[last.index(after: dash)...]) != nil {
      last = String(last[..<dash])
    }
    let word = KerasName.roles.map(\.word).first { last == $0 || last.hasSuffix("_\($0)") }
    self.word = word ?? last
    layer = parts.dropLast().joined(separator: "/")
  }

  /// A separable convolution has two kernels, a depthwise one only the depthwise kernel.
  func role(beside words: Set<String>) -> String {
    if words.contains("depthwise_kernel"), words.contains("pointwise_kernel") {
      if word == "depthwise_kernel" { return "depthwise.weight" }
      if word == "pointwise_kernel" { return "pointwise.weight" }
    }
    return KerasName.roles.first { $0.word == word }?.role ?? word
  }

  /// Longer words first, because they end with shorter ones.
  private static let roles: [(word: String, role: String)] = [
    ("depthwise_kernel", "weight"), ("pointwise_kernel", "weight"),
    ("moving_variance", "running_var"), ("moving_mean", "running_mean"),
    // Keras 1 called the variance running_std.
    ("running_std", "running_var"), ("running_mean", "running_mean"),
    ("embeddings", "weight"), ("kernel", "weight"), ("gamma", "weight"), ("beta", "bias"),
    ("bias", "bias"), ("W", "weight"), ("b", "bias"),
  ]
}
