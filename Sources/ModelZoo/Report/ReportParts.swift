import ZooData
import ZooKit
import ZooMetrics
import ZooStore
import ZooTraining

/// The parts of a report that every task has.
struct ReportParts {
  let model: Model
  let pictures: JudgedPictures
  let report: Report
  let intervals: [String: ClosedRange<Double>]
  let bootstrap: Bootstrap
  let run: TrainedRun?

  /// The number of rows of the table of classes, and of confusions where a matrix would be too large.
  private static let (mostClasses, mostConfusions, largestMatrix) = (1000, 40, 40)

  var head: PageHead {
    get throws {
      let task = try model.checkpoint.task.definition
      let split = pictures.data.splits[0].name
      let data = pictures.data.name + (split == "all" ? "" : "/\(split)")
      var lead: Markup = """
        The network <b>\(model.variant.name)</b> of the family \(model.variant.family) for \
        \(task.name.rawValue), on <b>\(data)</b>.
        """
      if let remark = pictures.remark(about: model.shownName) {
        lead = "\(lead) \(remark.prefix(1).uppercased() + remark.dropFirst())."
      }
      let untrained = model.checkpoint.random.count
      if untrained > 0 {
        lead = "\(lead) <b>\(untrained) of its tensors are untrained: its answers mean nothing.</b>"
      }
      var figures: [PageHead.Figure] = []
      if let value = report[task.metric] {
        let interval = intervals[task.metric].map { range in
          ", 95 % interval \(decimal(range.lowerBound, digits: 3)) to "
            + decimal(range.upperBound, digits: 3)
        }
        figures.append(
          .init(
            decimal(value, digits: 3),
            "<code>\(task.metric)</code>: \(MetricWords.meaning(of: task.metric))\(interval ?? "")",
            isMain: true))
      }
      let kinds = [(pictures.heldOut, "held out"), (pictures.new, "new")].filter { $0.0 > 0 }
        .map { "\(grouped($0.0)) \($0.1)" }.joined(separator: ", ")
      figures.append(
        .init(
          grouped(pictures.count),
          "pictures judged\(pictures.isKnown && !kinds.isEmpty ? ": \(kinds)" : "")"))
      if let training = model.checkpoint.provenance.training {
        figures.append(.init(grouped(training.pictures), "pictures learned from"))
      } else {
        let count = model.checkpoint.classes.count
        figures.append(.init(grouped(count), "\(count == 1 ? "output" : "outputs")"))
      }
      return PageHead(
        "\(run?.shownName ?? model.shownName) on \(pictures.data.name)", lead: lead,
        figures: figures)
    }
  }

  var metrics: PageSection {
    let rows: [[Markup]] = report.metrics.map { name, value in
      let meaning = MetricWords.meaning(of: name)
      let range = intervals[name].map { range in
        "\(decimal(range.lowerBound, digits: 4)) – \(decimal(range.upperBound, digits: 4))"
      }
      return [
        "\(name)<small>\(meaning)</small>", Markup(words: decimal(value, digits: 4)),
        Markup(words: range ?? ""),
      ]
    }
    var notes: [Markup] = [
      "The names are those of <code>zoo evaluate</code>.",
      """
      The interval holds 95 % of \(bootstrap.draws) bootstrap draws of the \
      \(bootstrap.groupCount.map { "\(grouped($0)) groups" } ?? "pictures"): how far the figure would \
      vary with other pictures of this kind.
      """,
    ]
    if intervals.isEmpty { notes.removeLast() }
    return PageSection(
      "Metrics", notes: notes, body: .table(["metric", "value", "95 % interval"], rows))
  }

  /// The log of the run or, without one, what the checkpoint records of it.
  var curves: PageSection? {
    let recorded = model.checkpoint.provenance.training?.curve.map(TrainedRun.Log.init)
    guard let log = run?.log ?? recorded, !log.rows.isEmpty else { return nil }
    let task = try? model.checkpoint.task.definition
    let kept = task.flatMap { log.kept(by: $0.metric, $0.goal ?? .highest) }
    let shown = log.columns.indices.filter { !RunLog.counters.contains(log.columns[$0]) }
    let charts: [Markup] = shown.map { column in
      let chart = Curves.chart(
        of: log.columns[column], log.rows.map { $0[column] }, kept: kept)
      return "<figure>\(chart.markup)</figure>\n"
    }
    var notes: [Markup] = ["The course of the training, epoch by epoch."]
    if let kept, let task {
      notes.append(
        """
        The ring marks epoch \(kept), which was kept: its <code>\(task.metric)</code> on the \
        validation pictures is the best.
        """)
    }
    return PageSection("Training", notes: notes, body: .pair(charts))
  }

  var confusion: PageSection? {
    let names = report.perClass.map(\.name)
    guard report.confusion.count > 1, report.confusion.count == names.count else { return nil }
    if names.count <= Self.largestMatrix {
      return PageSection(
        "Confusion", notes: ["A row for each true class; the colour is the share of the row."],
        body: .confusion(names, report.confusion))
    }
    let pairs = report.confusion.enumerated().flatMap { truth, row in
      row.enumerated().filter { $0.offset != truth && $0.element > 0 }.map {
        (truth: truth, answer: $0.offset, count: $0.element, of: row.reduce(0, +))
      }
    }.sorted { ($1.count, $0.truth, $0.answer) < ($0.count, $1.truth, $1.answer) }
    let rows: [[Markup]] = pairs.prefix(Self.mostConfusions).map { pair in
      [
        "\(names[pair.truth])<small>taken for \(names[pair.answer])</small>",
        Markup(words: grouped(pair.count)),
        Markup(words: percent(Double(pair.count) / Double(max(1, pair.of)))),
      ]
    }
    return PageSection(
      "Confusion",
      notes: [
        "The most frequent confusions; a matrix of \(names.count) classes would not be read."
      ],
      body: .table(["class", "count", "share of the class"], rows))
  }

  var classes: PageSection? {
    guard let first = report.perClass.max(by: { $0.metrics.count < $1.metrics.count }),
      report.perClass.count > 1 || report.metrics.isEmpty || report.confusion.isEmpty
    else { return nil }
    let names = first.metrics.map(\.name)
    let rows: [[Markup]] = report.perClass.prefix(Self.mostClasses).map { entry in
      let cells: [Markup] = names.map { name in
        let value = entry.metrics.first { $0.name == name }?.value
        return Markup(words: value.map { decimal($0, digits: 4) } ?? "–")
      }
      return [Markup(words: entry.name), Markup(words: grouped(entry.count))] + cells
    }
    let left = report.perClass.count - rows.count
    var notes: [Markup] = []
    if rows.contains(where: { $0.contains { $0.text == "–" } }) {
      notes.append(
        """
        “–” is a figure that the pictures do not define, such as the recall of a class that none of \
        them has.
        """)
    }
    if left > 0 { notes.append("\(grouped(left)) more are left out.") }
    let word = (try? model.checkpoint.task.definition.outputName) ?? "class"
    return PageSection(
      "Each \(word)", notes: notes,
      body: .table([Markup(words: word), "count"] + names.map { Markup(words: $0) }, rows))
  }
}

extension Model {
  /// Its name without the folders of whose machine it was.
  var shownName: String {
    let parts = name.split(separator: "/")
    return parts.count < 2 ? name : parts.suffix(2).joined(separator: "/")
  }
}
