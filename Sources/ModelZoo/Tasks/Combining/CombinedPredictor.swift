import Glibc
import ZooEngine
import ZooKit
import ZooStore
import ZooVision

/// Combines the answers of several models, and for several views of every picture.
struct CombinedPredictor: Predictor {
  let members: [any Predictor]
  let views: [PictureView]
  let combine: @Sendable ([SeenPrediction], Window.Size) throws -> any Prediction

  var columns: [String] { members[0].columns }

  func predict(
    _ pictures: [PreparedPicture], progress: (_ done: Int, _ of: Int) -> Void
  ) throws -> [any Prediction] {
    try pictures.map { prepared in
      let picture = try prepared.whole
      var seen: [SeenPrediction] = []
      for view in views {
        let shown = try view(picture)
        for member in members {
          let answers = try member.predict([member.prepare(shown)]) { _, _ in }
          seen += answers.map { SeenPrediction(prediction: $0, view: view) }
          progress(seen.count, views.count * members.count)
        }
      }
      return try combine(seen, picture.size)
    }
  }
}

/// A prediction for a view of a picture.
public struct SeenPrediction: Sendable {
  public let prediction: any Prediction
  public let view: PictureView
}

extension TaskOption {
  /// Test-time augmentation.
  static let views = TaskOption(
    "tta", value: "V,…", .words(of: PictureView.Kind.allCases.map(\.rawValue)),
    help: "combine the answers for several views of each picture: "
      + PictureView.Kind.allCases.map(\.rawValue).joined(separator: ", ")
      + ", or some of them with commas")
}

extension ModelTask {
  /// One predictor of one or several models of this task, and of several views if the options say so.
  ///
  /// A single model is taken out of the array, so that its weights are freed once they are packed.
  /// - Throws: the models do not have the same classes, or the task cannot combine answers.
  public func predictor(
    forAll models: inout [Model], engine: EngineChoice, precision: Precision,
    _ options: TaskOptions, load: Load?
  ) throws -> any Predictor {
    let kinds = try options.views(of: self)
    let views = kinds.isEmpty ? [PictureView()] : views(kinds)
    if models.count == 1, views.count == 1 {
      let model = models.removeLast()
      return try predictor(
        for: consume model, engine: engine, precision: precision, options, load: load)
    }
    try models.checkSameAnswers()
    let own = optionsOfMembers(options)
    // The views of a picture come one by one.
    let single = load.map { Load(callers: $0.callers, batch: 1) }
    let members = try models.map {
      try predictor(for: $0, engine: engine, precision: precision, own, load: single)
    }
    let classes = models[0].checkpoint.classes
    return CombinedPredictor(members: members, views: views) { [self] in
      try combined($0, of: $1, classes: classes, options)
    }
  }
}

extension TaskOptions {
  /// The kinds of views of `--tta`; empty without it.
  func views(of task: any ModelTask) throws -> [PictureView.Kind] {
    guard case .words(let words) = self[TaskOption.views.name] else { return [] }
    return try words.map { word in
      guard let kind = PictureView.Kind(rawValue: word), task.viewKinds.contains(kind) else {
        let known = task.viewKinds.map(\.rawValue).joined(separator: ", ")
        throw ZooError.usage(
          "--tta \(word) is not for \(task.name.rawValue)"
            + (known.isEmpty ? "" : ", which has \(known)"))
      }
      return kind
    }
  }

  /// Whether answers for several views are combined.
  var hasViews: Bool { self[TaskOption.views.name] != nil }
}

extension [Model] {
  /// Rejects models whose answers do not mean the same.
  func checkSameAnswers() throws {
    guard let first else { return }
    for other in dropFirst() {
      let (a, b) = (first.checkpoint, other.checkpoint)
      guard a.task == b.task else {
        throw ZooError.corrupt(
          "\(first.name) is for \(a.task.rawValue), \(other.name) for \(b.task.rawValue); their "
            + "answers cannot be combined")
      }
      guard a.classes == b.classes else {
        func list(_ names: [String]) -> String {
          names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
        }
        throw ZooError.corrupt(
          "\(first.name) has the classes \(list(a.classes)); \(other.name) has \(list(b.classes)); "
            + "only answers for the same classes in the same order can be combined")
      }
    }
  }
}

extension Zoo {
  /// The models of `A+B+…`, or the one model of that name.
  public func models(_ name: String) throws -> [Model] {
    let parts = name.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
    let isOne =
      parts.count == 1 || access(name, F_OK) == 0 || catalog[name] != nil
      || (try? registry.variant(name)) != nil
    if !isOne {
      guard !parts.contains("") else {
        throw ZooError.usage("“\(name)” lacks a model beside a plus; A+B was expected")
      }
      let models = try parts.map(model)
      try models.checkSameAnswers()
      return models
    }
    return [try model(name)]
  }
}
