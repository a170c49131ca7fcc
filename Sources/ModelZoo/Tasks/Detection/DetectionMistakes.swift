import ZooDetection
import ZooKit
import ZooMetrics
import ZooStore
import ZooVision

/// What a detector got wrong in one picture, and what it got right.
struct WrongBoxes {
  /// A found box, a true one, or a found one with the class that is there.
  struct Wrong {
    let box: Box
    /// Of the found box; nil if it was missed.
    var found: (index: Int, score: Float)?
    /// Of the true box; nil if there is none.
    var truth: Int?
  }

  let item: Int
  var right: [DetectedObject] = []
  var wrong: [Wrong] = []

  /// - Parameters:
  ///   - item: the picture.
  ///   - found: every found box.
  ///   - truth: the true boxes, with their classes.
  ///   - outcomes: of ``DetectionMetrics/outcomes(of:truth:above:)``.
  init(
    _ item: Int, found: [DetectedObject], truth: [(box: Box, index: Int)],
    outcomes: (found: [DetectionMetrics.BoxOutcome], missed: [Int])
  ) {
    self.item = item
    var missed = outcomes.missed
    for (object, outcome) in zip(found, outcomes.found) {
      switch outcome {
      case .truePositive: right.append(object)
      case .falsePositive:
        let answer = (index: object.index, score: object.score)
        // A missed object at the same place was found as another class.
        let place = missed.firstIndex { truth[$0].box.iou(object.box) >= 0.5 }
        wrong.append(
          Wrong(
            box: object.box, found: answer,
            truth: place.map { truth[missed.remove(at: $0)].index }))
      case .ignored, .belowThreshold: break
      }
    }
    wrong += missed.map { Wrong(box: truth[$0].box, found: nil, truth: truth[$0].index) }
  }
}

extension WrongBoxes {
  enum Kind: String, CaseIterable {
    case falsePositive = "false positives"
    case confused = "confused classes"
    case missed
  }

  func wrong(_ kind: Kind) -> [Wrong] { wrong.filter { $0.kind == kind } }
}

extension WrongBoxes.Wrong {
  fileprivate var kind: WrongBoxes.Kind {
    found == nil ? .missed : truth == nil ? .falsePositive : .confused
  }
}

extension [WrongBoxes] {
  private static let colours: [WrongBoxes.Kind: Colour] = [
    .falsePositive: Colour(226, 62, 62), .confused: Colour(240, 150, 30),
    .missed: Colour(70, 130, 255),
  ]
  private static let right = Colour(70, 170, 90)

  /// For each kind of mistake the pictures with most of them, the surest first where they are equal.
  func mistakes(_ classes: [String], above threshold: Double) -> Mistakes {
    let groups = WrongBoxes.Kind.allCases.compactMap { kind -> Mistakes.Group? in
      let pictures = filter { !$0.wrong(kind).isEmpty }.sorted { a, b in
        let (left, right) = (a.rank(kind), b.rank(kind))
        return left == right ? a.item < b.item : left > right
      }
      guard !pictures.isEmpty else { return nil }
      return Mistakes.Group(
        kind.rawValue,
        pictures.map { picture in
          Mistake(
            item: picture.item, captions: [picture.summary],
            rows: picture.wrong(kind).map { $0.cells(classes) })
        })
    }
    let byItem = Dictionary(map { ($0.item, $0) }) { first, _ in first }
    let count = { (kind: WrongBoxes.Kind) in self.reduce(0) { $0 + $1.wrong(kind).count } }
    var mistakes = Mistakes(
      "\(count(.falsePositive)) false positives (red), \(count(.confused)) confused (orange), "
        + "\(count(.missed)) missed (blue); right: green; score > \(decimal(threshold, digits: 3))",
      groups, columns: ["class", "truth", "score", "x0", "y0", "x1", "y1"],
      layout: .init(perRow: 3, aspect: 0.75), mostDrawn: 24
    ) { mistake, sample in
      guard let picture = byItem[mistake.item] else { return sample.picture }
      return try sample.picture.marked(with: picture.marks(classes, Self.colours, Self.right))
    }
    mistakes.legend =
      WrongBoxes.Kind.allCases.compactMap { kind in
        Self.colours[kind].map { (kind.rawValue, $0) }
      } + [("right", Self.right)]
    return mistakes
  }
}

extension WrongBoxes {
  fileprivate func rank(_ kind: Kind) -> Double {
    let wrong = wrong(kind)
    return Double(wrong.count) + Double(wrong.compactMap(\.found?.score).max() ?? 0)
  }

  fileprivate var summary: String {
    let parts = [(Kind.falsePositive, "false"), (.confused, "confused"), (.missed, "missed")]
      .map { (wrong($0.0).count, $0.1) }.filter { $0.0 > 0 }
    return (parts.map { "\($0.0) \($0.1)" } + ["\(right.count) right"]).joined(separator: ", ")
  }

  fileprivate func marks(_ classes: [String], _ colours: [Kind: Colour], _ fine: Colour)
    -> [LabelledBox]
  {
    // Without labels: the wrong ones need the room.
    right.map { LabelledBox($0.box.frame, label: "", classIndex: $0.index, colour: fine) }
      + wrong.map { wrong in
        let truth = wrong.truth.map { classes[$0] } ?? ""
        let label =
          wrong.found.map { classes[$0.index] + (truth.isEmpty ? "" : " is \(truth)") }
          ?? "\(truth) missed"
        return LabelledBox(
          wrong.box.frame, label: label, score: wrong.found.map { Double($0.score) },
          classIndex: wrong.truth ?? 0, colour: colours[wrong.kind])
      }
  }
}

extension WrongBoxes.Wrong {
  fileprivate func cells(_ classes: [String]) -> [String] {
    [
      found.map { classes[$0.index] } ?? "", truth.map { classes[$0] } ?? "",
      found.map { String(describing: $0.score) } ?? "",
    ] + box.sides.map { String(describing: $0) }
  }
}
