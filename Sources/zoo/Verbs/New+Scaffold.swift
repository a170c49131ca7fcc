import CTemplates
import ModelZoo

/// The files of a new family: those of Templates/, under its name.
struct Scaffold {
  struct File {
    let path: String
    let text: String
  }

  let name: String
  let template: Template

  /// The names that users type.
  var variants: [String] { [name.lowercased(), "\(name.lowercased())-small"] }

  /// Names that the templates use, or that every Swift source sees.
  static let takenNames = [
    "Architecture", "Segmenter", "Node", "Shape", "Head", "Stage", "VisionTask", "Registration",
    "Registrar",
    "Registry", "Detector", "TrainableDetector", "Grid", "Detection", "DetectionOptions",
    "PictureBatch", "DetectionBatch", "PartRunner", "TrainingPartRunner", "Graph",
    "Box", "Suppression", "Tensor", "Window", "Weights", "Layer", "Variant", "Conformance",
    "Upsample", "Swift", "Glibc", "Foundation", "Testing", "XCTest", "Dispatch", "Any", "Self",
    "Type", "Protocol", "Int", "Float", "Double", "Bool", "String", "Array", "Dictionary", "Set",
    "Optional", "Never", "Void", "Error", "Result", "Model", "ModelZoo", "TestSupport", "Training",
  ]

  /// In `Plugins/NAME`.
  var plugin: [File] {
    let commands = """
      make build
      .ci/test --filter \(name)Tests
      .build/release/zoo plugins --check \(name)
      """
    return [
      File(path: "Sources/\(name).swift", text: source),
      File(path: "Tests/\(name)Tests.swift", text: tests),
      File(path: "README.md", text: readMe(commands: commands)),
    ]
  }

  /// As a package of its own.
  func package(zoo: String) -> [File] {
    [
      File(path: "Package.swift", text: manifest(zoo: zoo)),
      File(path: "Sources/\(name)/\(name).swift", text: source),
      File(path: "Tests/\(name)Tests/\(name)Tests.swift", text: tests),
      File(path: "README.md", text: readMe(commands: nil)),
    ]
  }

  private var source: String {
    switch template {
    case .classifier: renamed(zoo_template_classifier(), "ClassifierTemplate")
    case .segmenter: renamed(zoo_template_segmenter(), "SegmenterTemplate")
    case .detector: renamed(zoo_template_detector(), "DetectorTemplate")
    }
  }

  private var tests: String {
    let lines = renamed(zoo_template_tests()).split(
      separator: "\n", omittingEmptySubsequences: false)
    // In the formatter's order.
    let imports = lines.prefix { $0.hasPrefix("import ") }
    return (imports.sorted() + lines.dropFirst(imports.count)).joined(separator: "\n")
      .replacing("1_218_600", with: parameters)
  }

  private func manifest(zoo: String) -> String {
    let quoted = zoo.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return renamed(zoo_template_package()).replacing("path: \"..\"", with: "path: \"\(quoted)\"")
  }

  /// With other commands than those of a package, if given.
  private func readMe(commands: String?) -> String {
    let text = renamed(zoo_template_readme())
      .replacing("1,218,600", with: parameters.replacing("_", with: ","))
    guard let commands, let start = text.firstRange(of: "```sh\n"),
      let end = text[start.upperBound...].firstRange(of: "\n```")
    else { return text }
    return "\(text[..<start.upperBound])\(commands)\(text[end.lowerBound...])"
  }

  /// The parameter count of the larger variant; the classifier's is in Templates/.
  private var parameters: String {
    switch template {
    case .classifier: "1_218_600"
    case .segmenter: "58_369"
    case .detector: "96_568"
    }
  }

  private func renamed(
    _ text: UnsafePointer<CChar>, _ old: String = "ClassifierTemplate"
  ) -> String {
    String(cString: text).replacing(old, with: name)
      .replacing(old.lowercased(), with: name.lowercased())
  }
}
