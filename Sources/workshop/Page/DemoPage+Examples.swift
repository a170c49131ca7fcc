import ModelZoo

/// Test pictures with the fine-tuned model's predictions.
extension DemoPage {
  private static let (shownRight, shownWrong) = (20, 20)

  var examplesText: [Markup] {
    [
      """
      Below each picture are the fine-tuned model's prediction and its confidence.
      """,
      """
      The correct ones are spaced evenly from the highest confidence to the lowest. The wrong ones are
      the most confident mistakes.
      """,
    ]
  }

  var examples: Markup {
    get throws {
      let answers = tour.ours.answers.sorted { $0.probability > $1.probability }
      let right = answers.filter { $0.truth == $0.predicted }
      let wrong = answers.filter { $0.truth != $0.predicted }
      let count = min(DemoPage.shownRight, right.count)
      let spread = (0..<count).map { right[$0 * max(1, right.count - 1) / max(1, count - 1)] }
      return """
        <h3>\(grouped(right.count)) correct</h3>
        <div class="examples">\(try spread.map(example))</div>
        <h3>\(grouped(wrong.count)) wrong</h3>
        <div class="examples">\(try wrong.prefix(DemoPage.shownWrong).map(example))</div>

        """
    }
  }

  private func example(_ answer: Attempt.Answer) throws -> Markup {
    let items = tour.data.splits.lazy.flatMap(\.items)
    guard let item = items.first(where: { $0.name == answer.image }) else {
      throw ZooError.notFound("\(tour.data.path) has no picture \(answer.image)")
    }
    let name = tour.ours.classes[answer.predicted]
    let image = Markup.image(
      png: try item.sample().picture.png, alt: tour.ours.classes[answer.truth], kind: "pixels")
    return """
      <figure>\(image)<figcaption><b>\(name)</b>\(percent(Double(answer.probability)))\
      </figcaption></figure>

      """
  }
}
