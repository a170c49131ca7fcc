import ZooData
import ZooKit
import ZooStore

/// A run in a file: the model, the data and every option, so that it can be repeated.
///
/// ```json
/// { "model": "resnet20", "scratch": true, "data": "../data/cifar10", "epochs": 15, "lr": 0.1 }
/// ```
public struct Recipe: Sendable {
  public var model: String
  public var data: String
  /// The folder of VOC's annotations, if it is not beside the pictures.
  public var annotations: String?
  /// Validation pictures that are not part of the data.
  public var judges: String?
  public var options: Finetuning

  public init(
    model: String, data: String, annotations: String? = nil, judges: String? = nil,
    options: Finetuning
  ) {
    self.model = model
    self.data = data
    self.annotations = annotations
    self.judges = judges
    self.options = options
  }

  /// A recipe, or the `run.json` of a run, which contains one. Paths are relative to its folder.
  public init(contentsOf path: String) throws {
    let file = try RandomAccessFile(path)
    guard file.size < 1 << 24 else { throw ZooError.corrupt("\(path) is not a recipe") }
    let json = try JSON(parsing: file.read(at: 0, count: file.size), origin: path)
    try self.init(json["about"]?["recipe"] ?? json, in: path)
  }

  package init(_ json: JSON, in origin: String) throws {
    let folder = origin.lastIndex(of: "/").map { String(origin[...$0]) } ?? ""
    func placed(_ path: String) -> String { path.hasPrefix("/") ? path : folder + path }
    var fields = try Fields(json, of: "the recipe", in: origin)
    model = try fields.string("model")
    if model.hasSuffix(".h5") { model = placed(model) }
    data = placed(try fields.string("data"))
    func place(_ fields: inout Fields, _ key: String) throws -> String {
      placed(try fields.string(key))
    }
    annotations = try fields.optional("annotations", place)
    judges = try fields.optional("validation-data", place)
    options = try Finetuning(&fields)
    if let backbone = options.backbone, backbone.hasSuffix(".h5") {
      options.backbone = placed(backbone)
    }
    if let rule = options.groupBy, Dataset.groupTable(rule) != nil {
      options.groupBy = placed(rule)
    }
    try fields.finish()
  }

  /// For `run.json`.
  public var json: JSON {
    var members: [(key: String, value: JSON)] = [("model", JSON(model)), ("data", JSON(data))]
    if let annotations { members.append(("annotations", JSON(annotations))) }
    if let judges { members.append(("validation-data", JSON(judges))) }
    if case .object(let options) = options.json.content { members += options }
    return ["recipe": JSON(.object(members)), "program": JSON(Zoo.version)]
  }
}
