import ZooKit
import ZooStore

/// The layers in the `config.json` of a `.keras` file, by the paths of their variables in the
/// weights file.
struct KerasConfiguration {
  struct Layer {
    let name: String
    /// Whether a norm has a scale and an offset.
    let scale: Bool?
    let center: Bool?
  }

  private(set) var layers: [String: Layer] = [:]

  init(_ json: JSON) {
    var models = [(path: "", model: json)]
    while let (path, model) = models.popLast() {
      // Layers are numbered by class, in the order of the model.
      var counts: [String: Int] = [:]
      for layer in model["config"]?["layers"]?.list ?? [] {
        guard let type = layer["class_name"]?.string, let config = layer["config"] else { continue }
        let kind = KerasConfiguration.snakeCase(type)
        let count = counts[kind, default: 0]
        counts[kind] = count + 1
        let place = "\(path)/layers/\(kind)" + (count == 0 ? "" : "_\(count)")
        if let name = config["name"]?.string ?? layer["name"]?.string {
          layers[place] = Layer(
            name: name, scale: config["scale"]?.bool, center: config["center"]?.bool)
        }
        if config["layers"] != nil { models.append((place, layer)) }
      }
    }
  }

  /// `BatchNormalization` is `batch_normalization`, `ReLU` is `re_lu`, `Conv2D` is `conv2d`.
  static func snakeCase(_ name: String) -> String {
    let letters = Array(name)
    var snake = ""
    for (index, letter) in letters.enumerated() {
      if letter.isUppercase, index > 0 {
        let next = index + 1 < letters.count && letters[index + 1].isLowercase
        if next || letters[index - 1].isLowercase { snake += "_" }
      }
      snake += letter.lowercased()
    }
    return snake
  }
}
