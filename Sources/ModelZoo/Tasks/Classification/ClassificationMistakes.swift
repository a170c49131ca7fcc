import ZooKit
import ZooStore
import ZooVision

/// A class that a picture was wrongly given, or not given.
struct WrongClass {
  let item: Int
  /// One of several classes of a picture has no other in its place.
  let truth, answer: Int?
  /// Of the answer, or of the class that was not given.
  let score, truthScore: Float
}

/// The scores of a batch, with its ground truth: one class each, or yes and no for every class.
struct ScoredBatch {
  let classes: Int
  let scores: [Float]
  var labels: [Int] = []
  var answers: [Bool] = []

  /// - Parameter items: the indices of the batch's pictures.
  func wrong(_ items: [Int]) -> [WrongClass] {
    var wrong: [WrongClass] = []
    for (place, item) in items.enumerated() {
      let first = place * classes
      guard answers.isEmpty else {
        for index in 0..<classes {
          let score = scores[first + index]
          guard (score >= 0.5) != answers[first + index] else { continue }
          wrong.append(
            WrongClass(
              item: item, truth: answers[first + index] ? index : nil,
              answer: answers[first + index] ? nil : index, score: score, truthScore: score))
        }
        continue
      }
      let row = scores[first..<first + classes]
      let best = (row.indices.max { (row[$0], -$0) < (row[$1], -$1) } ?? first) - first
      guard best != labels[place] else { continue }
      wrong.append(
        WrongClass(
          item: item, truth: labels[place], answer: best, score: row[first + best],
          truthScore: row[first + labels[place]]))
    }
    return wrong
  }
}

extension [WrongClass] {
  /// The most frequent confusions first, and of each the most confident mistakes.
  func mistakes(_ classes: [String], of total: Int) -> Mistakes {
    let groups = grouped { [$0.truth, $0.answer] }.map { kind, wrong in
      let (truth, answer) = (kind[0], kind[1])
      // A class that was not given is the worse, the lower its score is.
      let sorted = wrong.enumerated().sorted { a, b in
        let (left, right) = (a.element.score, b.element.score)
        if left == right { return a.offset < b.offset }
        return answer == nil ? left < right : left > right
      }
      return Mistakes.Group(
        title(truth, answer, classes),
        sorted.map { $0.element.mistake(classes) })
    }
    // A sheet of single pictures would be mostly empty.
    let (rare, frequent) = (
      groups.filter { $0.mistakes.count < 3 }, groups.filter { $0.mistakes.count >= 3 }
    )
    let last = rare.isEmpty ? [] : [Mistakes.Group("rare", rare.flatMap(\.mistakes))]
    let pictures = Set(map(\.item)).count
    return Mistakes(
      "\(pictures) of \(total) pictures wrong", frequent + last,
      columns: ["truth", "answer", "score", "score of truth"], layout: .init(perRow: 8, aspect: 1),
      mostDrawn: 16)
  }

  private func title(_ truth: Int?, _ answer: Int?, _ classes: [String]) -> String {
    switch (truth, answer) {
    case (let truth?, let answer?): "\(classes[truth]) taken for \(classes[answer])"
    case (let truth?, nil): "\(classes[truth]) missed"
    case (nil, let answer?): "\(classes[answer]) without reason"
    case (nil, nil): ""
    }
  }
}

extension WrongClass {
  fileprivate func mistake(_ classes: [String]) -> Mistake {
    func percent(_ score: Float) -> String { decimal(Double(score) * 100, digits: 0) + " %" }
    var captions = [answer ?? truth].compactMap { $0 }.map { "\(percent(score)) \(classes[$0])" }
    if let truth, answer != nil { captions.append("\(percent(truthScore)) \(classes[truth])") }
    return Mistake(
      item: item, captions: captions,
      rows: [
        [
          truth.map { classes[$0] } ?? "", answer.map { classes[$0] } ?? "",
          String(describing: score), String(describing: truthScore),
        ]
      ], explained: [answer, truth].compactMap { $0.map { .class(classes[$0]) } },
      // A class that was not given is the worse, the lower its score is.
      severity: Double(answer == nil ? 1 - score : score))
  }
}
