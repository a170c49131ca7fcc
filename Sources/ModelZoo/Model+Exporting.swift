import ZooFormats
import ZooKit

/// Formats of other tools.
public enum ExportFormat: String, CaseIterable, Sendable {
  case safetensors
  case kerasH5 = "keras-h5"
}

extension Zoo {
  /// Writes a model's weights for other tools: safetensors under our names, or a Keras weights file
  /// with Keras' names and order.
  public func export(_ model: Model, as format: ExportFormat, to path: String) throws {
    switch format {
    case .safetensors: try SafeTensors.write(model.weights, to: path)
    case .kerasH5:
      let keras = catalog.records(of: model.variant.name).first { $0.source?.format == "Keras" }
      try KerasCheckpoint.write(
        model.weights, of: model.graph, to: path, renames: keras?.renames ?? [])
    }
  }
}
