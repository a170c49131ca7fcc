import ZooKit
import ZooMetrics
import ZooStore
import ZooTraining

extension SegmentationExaminer {
  /// How unlike pictures are: a mean hides the few that fail.
  func sections(of model: Model, _ report: Report) -> [PageSection] {
    let sorted = seen.map(\.dice).sorted()
    guard sorted.count > 1 else { return [] }
    let points = sorted.enumerated().map { index, dice in
      SIMD2((Double(index) + 0.5) / Double(sorted.count), dice)
    }
    let chart = LineChart(
      title: "Dice of every picture", x: .share("pictures, the worst first"), y: .share("Dice"),
      lines: [.init(points: points)], level: sorted[sorted.count / 2])
    return [
      PageSection(
        "Each picture",
        notes: [
          "The mean Dice of the classes in each picture. The dashed line is the median.",
          "The metrics above count the pixels of all pictures together.",
        ], body: .pair([.figure("Dice", "", chart.markup)]))
    ]
  }
}
