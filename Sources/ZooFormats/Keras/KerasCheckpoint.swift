import ZooKit
import ZooStore

/// A Keras checkpoint: weights or whole models in the older HDF5 layout, or `.weights.h5` and
/// `.keras` of Keras 3.
///
/// Tensors are named `LAYER.weight`, `LAYER.bias`, `LAYER.running_mean`, `LAYER.running_var`,
/// whatever their names in Keras (gamma is the weight of a norm, beta its bias). Kernels keep
/// Keras' layout; `LoadPlan` permutes them.
public struct KerasCheckpoint: TensorSource {
  public let origin: String
  public let format: String
  public var layout: KernelLayout { .channelsLast }
  public let tensors: [TensorInfo]

  private let file: HDF5File
  private let datasets: [String: HDF5File.Dataset]

  static let mostTensors = 65_536

  public init(_ path: String) throws {
    try self.init(HDF5File(path), origin: path, configuration: nil)
  }

  init(_ file: HDF5File, origin: String, configuration: KerasConfiguration?) throws {
    var collector = KerasTensors(origin: origin)
    if let root = ["/", "/model_weights"].first(where: { file.names("layer_names", of: $0) != nil })
    {
      format = "Keras HDF5"
      try collector.addLegacyLayers(of: file, under: root)
    } else if file.groups.contains(where: { $0.hasSuffix("/vars") }) {
      format = configuration == nil ? "Keras 3 weights" : "Keras 3 model"
      try collector.addVariables(of: file, configuration)
    } else {
      throw ZooError.corrupt(
        "\(origin) is HDF5 but not a checkpoint: neither Keras' (layer_names, vars) nor ours "
          + "(weights, meta)")
    }
    guard collector.tensors.count <= KerasCheckpoint.mostTensors else {
      throw ZooError.corrupt("\(origin): more than \(KerasCheckpoint.mostTensors) tensors")
    }
    self.origin = origin
    self.file = file
    tensors = collector.tensors
    datasets = collector.datasets
  }

  public func read(_ tensor: TensorInfo, into values: UnsafeMutableBufferPointer<Float>) throws {
    guard let dataset = datasets[tensor.name], dataset.shape == tensor.shape else {
      throw ZooError.notFound("\(origin) has no tensor \(tensor.name) of \(tensor.shape)")
    }
    try file.read(dataset, into: values)
  }
}

/// The tensors of a file under our names, in the order they are found.
struct KerasTensors {
  let origin: String
  private(set) var tensors: [TensorInfo] = []
  private(set) var datasets: [String: HDF5File.Dataset] = [:]

  init(origin: String) { self.origin = origin }

  mutating func add(_ dataset: HDF5File.Dataset, as name: String) throws {
    guard name.isProperName else {
      throw ZooError.corrupt("\(origin): a layer has an invalid name")
    }
    guard let type = dataset.type else {
      throw ZooError.corrupt("\(origin): \(dataset.path) contains no readable numbers")
    }
    guard datasets.updateValue(dataset, forKey: name) == nil else {
      throw ZooError.corrupt("\(origin): there are two data sets for \(name)")
    }
    tensors.append(TensorInfo(name: name, shape: dataset.shape, type: type))
  }
}

extension HDF5File {
  /// A list of names in an attribute, or in several if it is too long for one: `weight_names0`,
  /// `weight_names1`, …
  func names(_ key: String, of group: String) -> [String]? {
    let attributes = attributes(of: group)
    if let whole = attributes[key] {
      // If there are no names, numpy writes an empty list of numbers.
      return whole.strings ?? (whole.numbers?.isEmpty == true ? [] : nil)
    }
    var names: [String]?
    for index in 0... {
      guard let part = attributes["\(key)\(index)"]?.strings else { break }
      names = (names ?? []) + part
    }
    return names
  }
}
