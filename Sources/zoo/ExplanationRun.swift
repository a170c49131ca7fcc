import ModelZoo

/// Explains pictures and writes what it finds to a folder.
struct ExplanationRun {
  struct Answer {
    let explanation: Explanation
    /// Paths.
    let map, overlay: String
    let mask, cutOut: String?
    let faithfulness: Faithfulness?
    /// Whether the map's highest value lies on a box of the class; nil if none is known.
    let isHit: Bool?

    func json(of image: String) -> JSON {
      var members: [(key: String, value: JSON)] = [
        ("image", JSON(image)), ("method", JSON(explanation.method)),
        ("class", JSON(explanation.subject)), ("layer", JSON(explanation.attribution.layer)),
        ("map", JSON(map)), ("overlay", JSON(overlay)),
      ]
      if let mask, let cutOut {
        members += [("mask", JSON(mask)), ("cutout", JSON(cutOut))]
      }
      if let isHit { members.append(("hit", JSON(isHit))) }
      if let faithfulness {
        members += [
          ("deletion", JSON(faithfulness.deletionArea)),
          ("insertion", JSON(faithfulness.insertionArea)),
          ("deletionCurve", JSON(faithfulness.deletion.map { JSON($0) })),
          ("insertionCurve", JSON(faithfulness.insertion.map { JSON($0) })),
        ]
      }
      return JSON(.object(members))
    }
  }

  private let explainer: Explainer
  private let methods: [any ExplanationMethod]
  private let targets: [ExplanationTarget]
  private let options: TaskOptions
  private let judges: Bool
  private let segments: Bool
  private let game: PointingGame?
  private var folder: DrawingFolder

  /// - Parameters:
  ///   - judges: whether the methods' faithfulness is measured.
  ///   - game: knows where objects are.
  ///   - segments: whether the object that a map shows is cut out.
  init(
    _ model: Model, _ methods: [any ExplanationMethod], _ targets: [ExplanationTarget],
    _ options: TaskOptions, engine: EngineChoice, judges: Bool, game: PointingGame?, segments: Bool,
    folder: DrawingFolder
  ) {
    (self.judges, self.game, self.segments) = (judges, game, segments)
    explainer = Explainer(model, engine: engine)
    (self.methods, self.targets, self.options, self.folder) = (methods, targets, options, folder)
  }

  /// - Parameter progress: called with the number of finished maps.
  mutating func explain(
    _ picture: Picture, named name: String, _ progress: (_ done: Int, _ of: Int) -> Void
  ) throws -> (answers: [Answer], sheet: String) {
    let view = try explainer.view(of: picture)
    let subjects = try explainer.subjects(targets, of: view, options)
    let stem = name.pictureName
    var answers: [Answer] = []
    var rows: [ContactSheet.Row] = []
    let photo = ContactSheet.Tile(try picture.sizedForLooking(), captions: ["picture"])
    let perRow = min(methods.count * (segments ? 2 : 1) + 1, 5)
    for subject in subjects {
      var tiles = [photo]
      for method in methods {
        let explanation = try explainer.explain(subject, of: view, by: method)
        let file = "\(stem)-\(method.name)-\(subject.name.fileName)"
        let cutOut = segments ? try explanation.cutOut(of: picture) : nil
        answers.append(
          Answer(
            explanation: explanation,
            map: try folder.write(explanation.mapPicture(), of: "\(file)-map.png"),
            overlay: try folder.write(explanation.overlay(on: picture), of: "\(file).png"),
            mask: try cutOut.map { try folder.write($0.mask, of: "\(file)-mask.png") },
            cutOut: try cutOut.map { try folder.write($0.picture, of: "\(file)-cutout.png") },
            // A map of another view of the picture has no order of this view's pixels.
            faithfulness: judges && method.extent == .seen
              ? try explainer.faithfulness(of: explanation, subject, view) : nil,
            isHit: try game?.isHit(explanation, in: picture, named: name)))
        tiles.append(.init(try explanation.tile(picture), captions: [method.name]))
        if let cutOut {
          tiles.append(
            .init(try cutOut.onDark().sizedForLooking(), captions: ["\(method.name), cut out"]))
        }
        progress(answers.count, subjects.count * methods.count)
      }
      rows.append(.heading(subject.name))
      for start in Swift.stride(from: 0, to: tiles.count, by: perRow) {
        rows.append(.tiles(Array(tiles[start..<min(start + perRow, tiles.count)])))
      }
    }
    let aspect = min(max(Double(picture.height) / Double(picture.width), 0.4), 2)
    let sheet = ContactSheet(title: "\(stem) · \(explainer.model.name)", rows: rows)
    let drawn = try sheet.drawn(.init(perRow: perRow, aspect: aspect))
    return (answers, try folder.write(drawn, of: "\(stem)-sheet.png"))
  }
}

extension String {
  /// Letters, digits and dashes, for the name of a file.
  fileprivate var fileName: String {
    let safe = prefix(60).map { $0.isLetter || $0.isNumber || $0 == "_" ? $0 : "-" }
    return String(safe).split(separator: "-").joined(separator: "-")
  }
}
