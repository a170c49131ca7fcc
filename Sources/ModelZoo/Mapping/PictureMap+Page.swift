import ZooData
import ZooKit
import ZooStore
import ZooTraining
import ZooVision

extension PictureMap {
  /// A self-contained page: the plane with pictures, the components, and a table of the groups. A short
  /// script of its own shows the picture under the pointer or the finger.
  /// - Parameters:
  ///   - data: whose pictures were mapped.
  ///   - command: what makes this page again.
  public func page(of data: Dataset, command: String? = nil) throws -> Page {
    let thumbnails = try ThumbnailSheets(of: features.items(in: data))
    let names = classNames
    let head = PageHead(
      "\(grouped(count)) pictures of \(data.path.split(separator: "/").last.map(String.init) ?? "")",
      lead: """
        as <b>\(features.model)</b> sees them. Near dots are pictures whose features at \
        <b>\(features.node)</b> are alike; distances between far groups mean little.
        """,
      figures: figures)
    let shown: Markup = """
      <div class="maps">
      \(choice(names))\(drawing(thumbnails, inside: thumbnails.definitions))\(legends(names))
      <div class="card" hidden="">\(thumbnails.image(of: 0, "class=\"large\""))<b></b><span></span></div>
      </div>

      """
    return Page(
      title: "map of \(data.path)", head: "\(head.markup)\(shown)",
      sections: [
        PageSection(
          "Clusters", notes: ["By k-means on \(coordinates.shape[1]) principal components."],
          body: table(names, thumbnails)),
        PageSection(
          "Principal components",
          notes: [
            """
            The two directions in which the features vary most, with \(percent(components.shares[0]))\
            \(secondShare) of the variance.
            """
          ],
          body: MapDrawing(leading, kinds: kinds)
            .svg("The pictures along the first two principal components", nil)),
        PageSection("How", body: facts(data, command)),
      ],
      foot: "\(Markup(stringLiteral: script(thumbnails.side)))", style: Self.style + colours(names))
  }

  /// The plane alone, as the bytes of an SVG file.
  public func svg(of data: Dataset) throws -> String {
    let thumbnails = try ThumbnailSheets(of: features.items(in: data))
    let names = classNames
    let style: Markup = """
      <style>
      svg { background: #fff; }
      \(Markup(stringLiteral: Self.drawingStyle + colours(names)))
      @media (prefers-color-scheme: dark) { svg { background: #131518; } }
      </style>

      """
    return drawing(thumbnails, inside: "\(style)\(thumbnails.definitions)").text
  }

  /// The classes that occur.
  private var classNames: [String] {
    features.classes.indices.filter { Set(features.labels).contains($0) }.map {
      features.classes[$0]
    }
  }

  private var kinds: [String] {
    (0..<count).map { index in
      let label = features.labels.isEmpty ? -1 : features.labels[index]
      return (label < 0 ? "" : "c\(label) ") + "k\(groups.labels[index])"
    }
  }

  private func drawing(_ thumbnails: ThumbnailSheets, inside: Markup) -> Markup {
    MapDrawing(plane.points, kinds: kinds)
      .svg("\(count) pictures on a plane, by t-SNE", thumbnails, inside: inside)
  }

  private var figures: [PageHead.Figure] {
    let share = components.shares.reduce(0, +)
    var figures = [
      PageHead.Figure(
        decimal(plane.divergence, digits: 2), "divergence of the plane from the features, in nats",
        isMain: true),
      .init(percent(share), "of the variance is in \(coordinates.shape[1]) principal components"),
    ]
    if let silhouette {
      figures.append(
        .init(
          decimal(silhouette, digits: 2),
          "silhouette of \(groups.sizes.count) clusters: 1 is far apart, 0 is touching"))
    }
    return figures
  }

  private var secondShare: Markup {
    components.shares.count > 1 ? " and \(percent(components.shares[1]))" : ""
  }

  private func choice(_ names: [String]) -> Markup {
    guard names.count > 1 else { return "" }
    return """
      <p class="choice">Colours:
      <label><input type="radio" name="colour" id="by-class" checked=""/> class</label>
      <label><input type="radio" name="colour" id="by-cluster"/> cluster</label></p>

      """
  }

  private func legends(_ names: [String]) -> Markup {
    func legend(_ kind: String, _ words: [(key: String, text: String)]) -> Markup {
      let most = 40
      let spans: [Markup] = words.prefix(most).map { key, text in
        "<span data-only=\"\(key)\"><i class=\"\(key)\"></i>\(text)</span>\n"
      }
      let more: Markup = words.count > most ? "<span>… and \(words.count - most) more</span>" : ""
      return "<p class=\"legend \(kind)\">\(spans)\(more)</p>\n"
    }
    let clusters = groups.sizes.enumerated().map { (key: "k\($0)", text: "\($0)  (\($1))") }
    let byCluster = legend("clusters", clusters)
    guard names.count > 1 else { return byCluster }
    let classes = features.classes.indices.filter { names.contains(features.classes[$0]) }
      .map { (key: "c\($0)", text: features.classes[$0]) }
    return "\(legend("classes", classes))\(byCluster)"
  }

  private func table(_ names: [String], _ thumbnails: ThumbnailSheets) -> Markup {
    let width = coordinates.shape[1]
    let values = coordinates.values
    func distance(_ row: Int, _ centre: [Float]) -> Float {
      zip(values[row * width..<(row + 1) * width], centre).reduce(0) {
        $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
      }
    }
    let rows: [[Markup]] = groups.centres.enumerated().compactMap { cluster, centre in
      let members = (0..<count).filter { groups.labels[$0] == cluster }
        .map { (distance: distance($0, centre), row: $0) }
        .sorted { ($0.distance, $0.row) < ($1.distance, $1.row) }.map(\.row)
      guard !members.isEmpty else { return nil }
      let strip: [Markup] = members.prefix(8).map { thumbnails.image(of: $0, "class=\"small\"") }
      var cells: [Markup] = [
        "<i class=\"k\(cluster)\"></i>\(cluster)", "\(grouped(members.count))",
      ]
      if names.count > 1 {
        let counts = Dictionary(
          members.compactMap { features.label(of: $0) }.map { ($0, 1) }, uniquingKeysWith: +)
        let most = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }
        cells.append(
          most.map {
            "\($0.key) <small>\(percent(Double($0.value) / Double(members.count)))</small>"
          } ?? "")
      }
      return cells + ["<div class=\"strip\">\(strip)</div>"]
    }
    let heads: [Markup] =
      ["cluster", "pictures"] + (names.count > 1 ? ["mostly"] : []) + ["nearest to its centre"]
    return "<div class=\"groups\">\(Markup.table(heads, rows))</div>\n"
  }

  private func facts(_ data: Dataset, _ command: String?) -> Markup {
    let splits = data.splits.map { "\($0.name) \(grouped($0.count))" }.joined(separator: ", ")
    let facts = Markup.facts([
      ("model", "\(features.model)"),
      ("features", "\(features.node), \(components.mean.count) numbers"),
      ("data", "\(data.path): \(splits)"),
      (
        "plane",
        "t-SNE, perplexity \(decimal(plane.perplexity, digits: 1)), \(options.iterations) iterations"
      ),
      ("clusters", "k-means, inertia \(decimal(groups.inertia, digits: 1))"),
      ("seed", "\(Int(options.seed))"),
    ])
    let again: Markup = command.map { "<pre>\($0)</pre>\n" } ?? ""
    return "\(facts)\(again)"
  }

  /// The colour of each class and of each cluster.
  private func colours(_ names: [String]) -> String {
    let classes = features.classes.indices.filter { names.contains(features.classes[$0]) }
      .map { ".c\($0) { --class: \(Colour(ofClass: $0).css); }\n" }
    let clusters = groups.sizes.indices.map {
      ".k\($0) { --cluster: \(Colour(ofClass: $0).css); }\n"
    }
    let isByClass = names.count > 1
    return (classes + clusters).joined() + """
      .map circle, .legend i, .groups i { --shade: var(--\(isByClass ? "class" : "cluster"), #8b919b); }
      .map .shown g { --shade: var(--\(isByClass ? "class" : "cluster"), #8b919b); }
      .clusters i, .groups i { --shade: var(--cluster) !important; }

      """
      + (isByClass
        ? """
        .legend.clusters { display: none; }
        body:has(#by-cluster:checked) :is(.map circle, .map .shown g) { --shade: var(--cluster); }
        body:has(#by-cluster:checked) .legend.classes { display: none; }
        body:has(#by-cluster:checked) .legend.clusters { display: block; }

        """ : "")
  }

  private static let drawingStyle = """
    .map circle { fill: var(--shade); fill-opacity: 0.9; }
    .map .shown rect { fill: none; stroke: var(--shade); stroke-width: 2.5; }

    """

  private static let style =
    drawingStyle + """
      .maps { max-width: 1080px; margin: 0 auto; padding: 0 24px 56px; position: relative; }
      .map { background: var(--wash); border-radius: 10px; touch-action: manipulation; }
      .map .chosen { stroke: var(--ink); stroke-width: 3; }
      .map .dimmed { opacity: 0.08; }
      .choice { font-size: 14px; color: var(--soft); margin: 0 0 12px; }
      .choice label { margin-left: 12px; color: var(--ink); cursor: pointer; }
      .choice input { accent-color: var(--accent); }
      .legend span[data-only] { cursor: pointer; }
      .legend i, .groups i {
        display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 6px;
        background: var(--shade);
      }
      .card {
        position: absolute; z-index: 2; width: 176px; padding: 8px; border-radius: 10px;
        background: var(--paper); border: 1px solid var(--line); font-size: 12.5px; line-height: 1.4;
        box-shadow: 0 6px 24px rgb(0 0 0 / 0.22); pointer-events: none; overflow-wrap: anywhere;
      }
      .card[hidden] { display: none; }
      .card .large, .strip .small { overflow: hidden; }
      .card .large { border-radius: 5px; margin-bottom: 6px; }
      .card b { display: block; font-weight: 600; }
      .card span { color: var(--soft); }
      .groups td:last-child { text-align: left; }
      .groups thead th:last-child { text-align: left; }
      .strip { display: flex; gap: 4px; }
      .strip .small { width: 44px; height: 44px; flex: none; border-radius: 4px; }
      @media (max-width: 620px) {
        .maps { padding: 0 20px 40px; }
        .map circle { r: 7px; }
        .strip .small:nth-child(n + 4) { display: none; }
      }
      @media print { .choice, .card { display: none; } }

      """

  /// Finds the dot that is nearest to the pointer. Texts reach the page as text, never as markup.
  private func script(_ side: Int) -> String {
    let pictures = JSON(
      (0..<count).map { index in
        JSON([
          JSON(features.names[index]), JSON(features.label(of: index)), JSON(groups.labels[index]),
        ])
      }
    ).text()
    return """
      Made by zoo.
      <script>
      const pictures = \(pictures.replacing("<", with: "\\u003c"));
      const card = document.querySelector(".card"), maps = document.querySelector(".maps");
      const views = [...document.querySelectorAll("svg.map")].map(svg => ({
        svg, dots: [...svg.querySelectorAll("circle")] }));
      for (const view of views)
        view.places = view.dots.map(dot => [dot.cx.baseVal.value, dot.cy.baseVal.value]);
      const side = \(side);
      let chosen = [];
      function choose(view, event) {
        for (const dot of chosen) dot.classList.remove("chosen");
        chosen = [];
        card.hidden = true;
        if (!view) return;
        const box = view.svg.getBoundingClientRect();
        const scale = view.svg.viewBox.baseVal.width / box.width;
        const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
        let best = -1, least = (28 * scale) ** 2;
        view.places.forEach(([cx, cy], index) => {
          const far = (cx - x) ** 2 + (cy - y) ** 2;
          if (far < least && !view.dots[index].classList.contains("dimmed")) {
            least = far; best = index;
          }
        });
        if (best < 0) return;
        chosen = views.map(other => other.dots[best]);
        for (const dot of chosen) dot.classList.add("chosen");
        const [name, label, cluster] = pictures[best];
        const place = best % 1024, large = card.querySelector("svg");
        large.setAttribute("viewBox",
          `${place % 32 * side} ${Math.floor(place / 32) * side} ${side} ${side}`);
        large.firstElementChild.setAttribute("href", `#sheet-${Math.floor(best / 1024)}`);
        card.querySelector("b").textContent = label ?? `cluster ${cluster}`;
        card.querySelector("span").textContent = (label ? `cluster ${cluster} · ` : "") + name;
        card.hidden = false;
        (view.svg.closest(".maps") ?? view.svg.parentElement).append(card);
        const home = card.offsetParent.getBoundingClientRect();
        const left = event.clientX - home.left + (event.clientX > innerWidth - 220 ? -196 : 20);
        card.style.left = `${Math.max(4, left)}px`;
        card.style.top = `${Math.max(4, event.clientY - home.top - 90)}px`;
      }
      for (const view of views) {
        view.svg.addEventListener("pointermove", event => choose(view, event));
        view.svg.addEventListener("pointerdown", event => choose(view, event));
        view.svg.addEventListener("pointerleave", event => {
          if (event.pointerType == "mouse") choose();
        });
      }
      let only;
      for (const word of document.querySelectorAll("[data-only]"))
        word.addEventListener("click", () => {
          only = only == word.dataset.only ? undefined : word.dataset.only;
          for (const view of views)
            for (const mark of view.svg.querySelectorAll("circle, .shown > g"))
              mark.classList.toggle("dimmed", only && !mark.classList.contains(only));
        });
      </script>

      """
  }
}
