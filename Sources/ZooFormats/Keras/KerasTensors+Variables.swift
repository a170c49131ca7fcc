import ZooKit
import ZooStore

extension KerasTensors {
  /// Keras 3 numbers the variables of a layer, `layers/conv2d_1/vars/0`, and stores the layer's
  /// name in an attribute; older versions have it only in the model's description.
  mutating func addVariables(of file: HDF5File, _ configuration: KerasConfiguration?) throws {
    var variables: [String: [HDF5File.Dataset]] = [:]
    for dataset in file.datasets {
      variables[String(dataset.path.dropLast(dataset.name.count + 1)), default: []].append(dataset)
    }
    var taken: Set<String> = []
    for group in file.groups where group.hasSuffix("/vars") && !group.hasPrefix("/optimizer/") {
      let list = (variables[group] ?? []).sorted { naturallyPrecedes($0.name, $1.name) }
      guard !list.isEmpty else { continue }
      let path = group.dropLast("/vars".count)
      let known = configuration?.layers[String(path)]
      let place = path.split(separator: "/").filter { $0 != "layers" }.joined(separator: "/")
      var layer = file.attributes(of: group)["name"]?.string ?? known?.name ?? place
      // Two models inside a model may use the same name.
      if !taken.insert(layer).inserted { layer = place }
      let kind = path.split(separator: "/").last.map(String.init) ?? ""
      let roles = KerasTensors.roles(list.map(\.shape.rank), kind: kind, known)
      for (dataset, role) in zip(list, roles) { try add(dataset, as: "\(layer).\(role)") }
    }
  }

  /// The roles of numbered variables, from their ranks and the kind of layer; variables with an
  /// unknown role keep their number.
  private static func roles(
    _ ranks: [Int], kind: String, _ known: KerasConfiguration.Layer?
  ) -> [String] {
    let statistics = ["running_mean", "running_var"]
    if kind.hasPrefix("batch_normalization"), ranks.allSatisfy({ $0 == 1 }) {
      let scale = known?.scale ?? (ranks.count == 4)
      let center = known?.center ?? (ranks.count == 4)
      let roles = (scale ? ["weight"] : []) + (center ? ["bias"] : []) + statistics
      if roles.count == ranks.count { return roles }
    }
    switch ranks {
    case [4, 4, 1] where kind.hasPrefix("separable"):
      return ["depthwise.weight", "pointwise.weight", "bias"]
    case [4, 4] where kind.hasPrefix("separable"):
      return ["depthwise.weight", "pointwise.weight"]
    case let ranks where ranks.count == 1 && ranks[0] > 1: return ["weight"]
    case let ranks where ranks.count == 2 && ranks[0] > 1 && ranks[1] == 1:
      return ["weight", "bias"]
    case [1, 1] where kind.contains("normalization"): return ["weight", "bias"]
    default: return ranks.indices.map(String.init)
    }
  }
}
