import ModelZoo

/// The page of `make demo`: the report on the fine-tuned network, with a few words around it.
struct DemoPage {
  let tour: Tour

  init(_ tour: Tour) { self.tour = tour }

  var page: Page {
    get throws {
      var page = tour.report.page
      let title = "\(list(tour.data.classes)) from \(shots) pictures"
      page.title = "zoo: \(title)"
      page.head = head(title).markup
      page.sections = [scratch] + page.sections + [try pictures, zoo, commands]
      page.foot = """
        Made by <code>make demo</code>: a single file without scripts, which needs no network.
        """
      page.style = Self.style
      return page
    }
  }

  private var shots: Int { tour.data["train"]?.count ?? 0 }

  private func head(_ title: String) -> PageHead {
    let tests = grouped(tour.report.figures.count)
    let total = decimal(tour.commands.reduce(0) { $0 + $1.seconds }, digits: 0)
    let threads = tour.threads
    return PageHead(
      title,
      lead: """
        A small network was trained on eight classes of Fashion-MNIST, without these two. Then it was \
        fine-tuned with a new head on \(shots) pictures. <b>Everything below was made by the commands at \
        the end of this page</b>, on \(threads) \(threads == 1 ? "thread" : "threads") of this machine in \
        \(total) seconds.
        """,
      figures: [
        .init(
          "\(shots)",
          "training pictures, \(shots / max(1, tour.data.classes.count)) of each class"),
        .init(
          percent(tour.report.figures["accuracy"] ?? 0),
          """
          of \(tests) other pictures correct with the pretrained network\
          \(after(tour.seconds("zoo finetune", "/pretrained")))
          """, isMain: true),
        .init(
          percent(tour.scratchAccuracy),
          """
          correct with the same network from random weights\
          \(after(tour.seconds("zoo finetune", "/scratch")))
          """),
      ])
  }

  private func after(_ seconds: Double?) -> String {
    seconds.map { ", after \(decimal($0, digits: 1)) seconds" } ?? ""
  }

  /// `a, b and c`.
  private func list(_ names: [String]) -> String {
    names.count < 2
      ? names.joined() : names.dropLast().joined(separator: ", ") + " and \(names[names.count - 1])"
  }
}

/// Both runs side by side.
extension DemoPage {
  private var scratch: PageSection {
    let runs = [("pretrained", tour.ours, true), ("from random", tour.scratch, false)]
    let logs = runs.compactMap { name, run, isOurs in
      run.log.map { (name: name, log: $0, isOurs: isOurs) }
    }
    let epochs = LineChart.Axis.count("epoch", to: logs.map(\.log.rows.count).max() ?? 1)
    func chart(_ title: String, _ column: String, _ axis: ([Double]) -> LineChart.Axis) -> Markup {
      let curves = logs.map { name, log, isOurs in
        (name: name, isOurs: isOurs, values: log.values(of: column))
      }
      let known = curves.flatMap(\.values).filter(\.isFinite)
      let chart = LineChart(
        title: title, x: epochs, y: axis(known),
        lines: curves.map { name, isOurs, values in
          let last = values.last { $0.isFinite } ?? 0
          return .init(
            name: name, note: "last \(decimal(last, digits: 2))",
            points: values.enumerated().map { [Double($0.offset + 1), $0.element] }, isOurs: isOurs)
        })
      return chart.markup
    }
    let validation = tour.data["val"]?.count ?? 0
    let figures: [Markup] = [
      .figure(
        "Accuracy by epoch", "on the \(validation) validation pictures",
        chart("accuracy of both runs by epoch", "accuracy") {
          .share("accuracy", from: ($0.min() ?? 0) < 0.4 ? 0 : 0.4)
        }),
      .figure(
        "Loss by epoch", "on the \(shots) training pictures",
        chart("loss of both runs by epoch", "loss") {
          .amount("cross-entropy", to: $0.max() ?? 1)
        }),
    ]
    return PageSection(
      "Transfer learning",
      notes: [
        """
        Both runs use the same network, pictures, options and seed. One starts from weights trained on \
        eight other classes, with a new head; the other starts from random weights.
        """,
        """
        The test pictures are used once, at the end. Neither run saw them before. The sections below \
        are <code>zoo report</code>’s, on the pretrained run.
        """,
      ], body: .pair(figures))
  }
}

extension DemoPage {
  /// What only this page shows: bars of classes, and drawings in a grid.
  private static let style = """
    .word { display: grid; grid-template-columns: 200px 1fr; gap: 32px; align-items: center; margin-bottom: 44px; }
    .scenes { display: grid; grid-template-columns: repeat(3, 1fr); gap: 22px 16px; }
    .scenes h3 small { display: block; margin: 0; overflow-wrap: anywhere; }
    .scenes img, .word img { width: 100%; aspect-ratio: 1; object-fit: cover; object-position: top; }
    .scenes figcaption { margin: 7px 0 0; font-size: 12.5px; }
    .scenes span { white-space: nowrap; margin-right: 10px; }
    .scenes i {
      display: inline-block; width: 8px; height: 8px; border-radius: 50%; margin-right: 5px;
      border: 1px solid var(--line);
    }
    .bars .bar { width: 60%; }
    .bars i { display: block; height: 6px; border-radius: 3px; min-width: 1px; }
    .bars .number { width: 1%; }
    @media (max-width: 620px) {
      .word { grid-template-columns: 128px 1fr; gap: 20px; margin-bottom: 32px; }
      .scenes { gap: 16px 8px; }
      .scenes figcaption { font-size: 11px; line-height: 1.35; }
    }

    """
}
