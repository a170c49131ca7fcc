import ZooFormats
import ZooKit
import ZooStore

/// Formats of other tools.
public enum ExportFormat: String, CaseIterable, Sendable {
  case safetensors
  case pytorch
  case kerasH5 = "keras-h5"
}

extension Zoo {
  /// A file for other tools.
  public struct Export: Sendable {
    public let tensors: Int
    /// Lines of Python that load it.
    public let python: [String]
  }

  /// Writes a model's weights for other tools: under the names of the family's lineage as
  /// safetensors or as a state dict of PyTorch, with classes and preprocessing, or as a Keras
  /// weights file with Keras' names and order.
  ///
  /// ```swift
  /// let export = try zoo.export(model, as: .pytorch, to: "bees.pth")
  /// print(export.python.joined(separator: "\n"))
  /// ```
  @discardableResult
  public func export(_ model: Model, as format: ExportFormat, to path: String) throws -> Export {
    let model = format == .kerasH5 ? model : try model.namedByFamily()
    switch format {
    case .safetensors:
      try SafeTensors.write(model.weights, to: path, record: model.portableRecord)
    case .pytorch:
      try TorchCheckpoint.write(model.weights, to: path, record: model.portableRecord)
    case .kerasH5:
      let keras = catalog.records(of: model.variant.name).first { $0.source?.format == "Keras" }
      try KerasCheckpoint.write(
        model.weights, of: model.graph, to: path, renames: keras?.renames ?? [])
    }
    return Export(
      tensors: model.weights.count, python: loadingCode(for: model, format, JSON(path).text()))
  }

  /// - Parameter path: as a literal of Python.
  private func loadingCode(for model: Model, _ format: ExportFormat, _ path: String) -> [String] {
    let imports =
      switch format {
      case .safetensors: ["from safetensors.torch import load_file"]
      case .pytorch: ["import torch"]
      case .kerasH5: ["import keras"]
      }
    let state =
      switch format {
      case .safetensors: "load_file(\(path))"
      case .pytorch: "torch.load(\(path), weights_only=True)"
      case .kerasH5: path
      }
    let load = format == .kerasH5 ? "load_weights" : "load_state_dict"
    guard format != .kerasH5, model.checkpoint.head == .original, isOfTorchvision(model.variant)
    else {
      let classes = model.checkpoint.classes.count
      let head =
        switch model.checkpoint.head {
        case .original: classes == 1 ? ", 1 class" : ", \(classes) classes"
        case .none: " without a head"
        case .linear, .mlp: " up to its features, and the layers of head.*"
        }
      return imports + [
        "model = ...  # your own \(model.variant.name)\(head)", "model.\(load)(\(state))",
      ]
    }
    let network = "torchvision.models.\(model.variant.name)"
    return [format == .pytorch ? "import torch, torchvision" : "import torchvision"]
      + (format == .pytorch ? [] : imports) + [
        "model = \(network)(num_classes=\(model.checkpoint.classes.count))",
        "model.\(load)(\(state))",
      ]
  }

  /// Whether torchvision has a classifier of that name, as the addresses in the catalogue tell.
  private func isOfTorchvision(_ variant: Variant) -> Bool {
    variant.architecture.form == .vector
      && catalog.records(of: variant.name).contains {
        $0.source?.url.hasPrefix("https://download.pytorch.org/models/") ?? false
      }
  }
}

extension Model {
  /// The record for a file that leaves this machine: without the course of the training.
  fileprivate var portableRecord: JSON {
    var record = checkpoint
    record.provenance.training = nil
    return record.json
  }

  /// With the family's names for a linear head that computes the same as the family's own. In
  /// training the two may differ by a dropout.
  fileprivate func namedByFamily() throws -> Model {
    guard checkpoint.head == .linear,
      let names = try variant.familyNames(
        ofLinearHead: checkpoint.classes.count, input: checkpoint.input,
        normEpsilon: checkpoint.normEpsilon, inTraining: false)
    else { return self }
    var renamed = Weights()
    for (name, tensor) in weights { renamed[names[name] ?? name] = tensor }
    var checkpoint = checkpoint
    checkpoint.head = .original
    checkpoint.random = checkpoint.random.map { names[$0] ?? $0 }
    return Model(
      name: name, checkpoint: checkpoint, variant: variant,
      graph: try variant.graph(
        head: .original(classes: checkpoint.classes.count), input: checkpoint.input,
        normEpsilon: checkpoint.normEpsilon),
      weights: renamed)
  }
}
