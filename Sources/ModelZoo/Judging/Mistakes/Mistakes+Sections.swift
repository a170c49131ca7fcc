import ZooData
import ZooExplain
import ZooKit
import ZooStore
import ZooTraining
import ZooVision

extension Mistakes {
  /// The same mistakes as on contact sheets, as sections of a page: first the worst with their
  /// explanations, then those of every group. The number of pictures is bounded, however many there
  /// are.
  func sections(of split: Split, explaining model: Model, _ how: Examination) throws
    -> [PageSection]
  {
    guard groups.contains(where: { !$0.mistakes.isEmpty }) else {
      return [PageSection("Mistakes", body: "<p class=\"note\">No mistakes: \(summary).</p>\n")]
    }
    var sections: [PageSection] = []
    if let worst = try worst(of: split, explaining: model, how) { sections.append(worst) }
    let size = TileSize(perRow: layout.perRow)
    var (left, parts) = (size.most, legend.isEmpty ? [] : [Markup.legend(legend)])
    for group in groups.prefix(Self.mostGroups) where left > 0 && !group.mistakes.isEmpty {
      let shown = group.mistakes.prefix(min(left, size.mostOfGroup))
      left -= shown.count
      parts.append(try markup(group, shown, of: split, size))
    }
    let hidden = groups.count - parts.count + (legend.isEmpty ? 0 : 1)
    if hidden > 0 {
      parts.append("<p class=\"note\">\(hidden) more kinds of mistakes are not drawn.</p>\n")
    }
    sections.append(
      PageSection(
        "Mistakes",
        notes: [
          Markup(words: summary.prefix(1).uppercased() + summary.dropFirst() + "."),
          "<code>zoo evaluate --mistakes</code> draws more of them, and lists all in a table.",
        ], body: Markup(joining: parts)))
    return sections
  }

  private static let (mostGroups, mostExplained) = (10, 10)

  /// How large mistakes are drawn, and how many.
  private struct TileSize {
    let longest, mostOfGroup, most: Int
    let kind: String

    /// `perRow`: of the contact sheets.
    init(perRow: Int) {
      (longest, mostOfGroup, most, kind) =
        switch perRow {
        case 5...: (160, 16, 96, "tiles")
        case 2...: (480, 9, 27, "tiles large")
        default: (1080, 12, 12, "tiles wide")
        }
    }
  }

  private func markup(
    _ group: Group, _ shown: ArraySlice<Mistake>, of split: Split, _ size: TileSize
  ) throws -> Markup {
    let tiles: [Markup] = try shown.map { mistake in
      let sample = try split.items[mistake.item].sample()
      let image = try Markup.image(
        draw(mistake, sample), alt: sample.name, longest: size.longest)
      return "<figure>\(image)\(mistake.caption(sample.name))</figure>\n"
    }
    let count = group.mistakes.reduce(0) { $0 + $1.rows.count }
    let pictures = group.mistakes.count
    let more = pictures - shown.count
    return """
      <h3>\(group.title)<small>\(grouped(count))\
      \(count == pictures ? "" : " in \(grouped(pictures)) pictures")</small></h3>
      <div class="\(size.kind)">\(tiles)</div>
      \(more > 0 ? Markup("<p class=\"more\">and \(grouped(more)) more</p>\n") : "")
      """
  }

  /// The worst mistakes, for a classifier those that it was surest of, each with the map of what
  /// speaks for its answer, and of what speaks for the truth.
  private func worst(of split: Split, explaining model: Model, _ how: Examination) throws
    -> PageSection?
  {
    let worst = groups.flatMap(\.mistakes).enumerated().filter { !$0.element.explained.isEmpty }
      .sorted { a, b in
        a.element.severity == b.element.severity
          ? a.offset < b.offset : a.element.severity > b.element.severity
      }.prefix(Self.mostExplained).map(\.element)
    guard !worst.isEmpty else { return nil }
    let explainer = Explainer(model, engine: how.engine)
    var problem: ZooError?
    let cases: [Markup] = try worst.map { mistake in
      let sample = try split.items[mistake.item].sample()
      var images = [try Markup.image(sample.picture, alt: sample.name, longest: 200)]
      var maps: [String] = []
      do {
        guard problem == nil else { throw problem ?? .failure("") }
        let view = try explainer.view(of: sample.picture)
        for subject in try explainer.subjects(mistake.explained, of: view) {
          let map = try explainer.explain(subject, of: view, by: .gradCAM).tile(sample.picture)
          images.append(
            try .image(map, alt: "Grad-CAM of \(subject.name)", longest: 200))
          maps.append(subject.name)
        }
      } catch let error as ZooError {
        problem = error
      }
      let words = maps.isEmpty ? "" : "maps: \(maps.joined(separator: ", "))"
      return """
        <figure class="case">\(images)\(mistake.caption(sample.name, words))</figure>

        """
    }
    let notes: [Markup]
    if let problem {
      notes = ["Without maps: \(problem.message)."]
    } else {
      notes = [
        """
        Grad-CAM: bright is what speaks for an answer, and then for the truth. \
        <code>zoo explain</code> has more methods.
        """
      ]
    }
    return PageSection(
      "Worst mistakes", notes: notes, body: "<div class=\"cases\">\(cases)</div>\n")
  }
}

extension Mistake {
  /// The picture's name and what is wrong.
  fileprivate func caption(_ image: String, _ words: String = "") -> Markup {
    let name = image.split(separator: "/").last.map(String.init) ?? image
    let rest = captions.dropFirst() + (words.isEmpty ? [] : [words]) + [name.printable]
    let lines: [Markup] = rest.map { "\($0)<br/>" }
    return """
      <figcaption><b>\(captions.first ?? "")</b>\(lines)</figcaption>
      """
  }
}
