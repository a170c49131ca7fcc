import ZooData
import ZooExplain
import ZooKit
import ZooStore
import ZooTraining
import ZooVision

extension ReportParts {
  private static let (leastMapped, mostMapped, mostNamed) = (10, 1000, 20)

  /// The pictures as the network arranges them. Nil if they are few, or if the network has no features
  /// of one size before its head.
  func map(of split: Split, _ mistakes: Mistakes, _ how: Examination) -> PageSection? {
    let step = max(1, (split.count + Self.mostMapped - 1) / Self.mostMapped)
    let shown = Array(stride(from: 0, to: split.count, by: step))
    guard shown.count >= Self.leastMapped, model.graph.lastFeatures != nil,
      let plane = try? plane(of: shown.map { split.items[$0] }, how)
    else { return nil }
    let wrong = Set(mistakes.groups.flatMap(\.mistakes).map(\.item))
    var places: [Int: [SIMD2<Double>]] = [:]
    var marked: [SIMD2<Double>] = []
    for (item, point) in zip(shown, plane) {
      guard case .label(let label) = split.items[item].annotation else {
        places[0, default: []].append(point)
        continue
      }
      places[label, default: []].append(point)
      if wrong.contains(item) { marked.append(point) }
    }
    let labels = places.keys.sorted()
    let dots = labels.map { label in
      LineChart.Line(
        points: places[label] ?? [], colour: Colour(ofClass: label).css, isDots: true)
    }
    let chart = LineChart(
      title: "pictures by their features", x: .bare(plane.map(\.x)), y: .bare(plane.map(\.y)),
      lines: dots + [.init(points: marked, colour: "var(--ink)", isDots: true)])
    let names = report.perClass.map(\.name)
    let legend =
      labels.count < 2
      ? []
      : labels.prefix(Self.mostNamed)
        .filter(names.indices.contains).map { (names[$0], Colour(ofClass: $0)) }
    var notes: [Markup] = [
      """
      Near dots are pictures that the features before the head describe alike (t-SNE); distances between \
      far groups mean little. <code>zoo map</code> shows the pictures.
      """
    ]
    if !marked.isEmpty { notes.append("Dark dots are mistakes.") }
    if step > 1 { notes.append("\(grouped(shown.count)) of \(grouped(split.count)) pictures.") }
    return PageSection(
      "Map of features", notes: notes,
      body: "\(chart.markup)\(legend.isEmpty ? "" : Markup.legend(legend))")
  }

  private func plane(of items: [Item], _ how: Examination) throws -> [SIMD2<Double>] {
    let data = try pictures.data.keeping(Split(name: pictures.data.splits[0].name, items: items))
    let features = try model.features(of: data, engine: how.engine, batch: how.batch)
    let rows = features.values.reshaped([items.count, features.values.count / items.count])
    let components = try PrincipalComponents(of: rows, most: 50)
    return try TSNE(of: components.coordinates(of: rows), .init(iterations: 500)).points
  }
}
