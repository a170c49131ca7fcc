import ZooKit

extension DetectionMetrics {
  /// COCO's twelve numbers, and two per class. Nil if there is no box to count.
  public struct Summary: Sendable {
    /// Average precision, mean over classes and overlap thresholds.
    public let mAP: Double?
    public let mAP50, mAP75: Double?
    public let mAPSmall, mAPMedium, mAPLarge: Double?
    /// Average recall with at most 1, 10, 100 boxes of a class in a picture.
    public let recall1, recall10, recall100: Double?
    public let recallSmall, recallMedium, recallLarge: Double?
    /// By class.
    public let averagePrecision, averagePrecision50, recall: [Double?]
  }

  public func summary() -> Summary {
    var curves = [[Curve]](repeating: [], count: classes.count)
    curves.withUnsafeMutableBufferPointer { curves in
      // Safe to share: each class is written by one thread.
      nonisolated(unsafe) let curves = curves
      Threads.split(classes.count, cost: 32_768) { range in
        for index in range { curves[index] = self.curves(of: index) }
      }
    }
    // Every class has the same overlap thresholds, so the mean of means is the mean.
    func average(_ view: Int, _ value: (Curve) -> Double) -> Double? {
      mean(curves.compactMap { $0[view].isDefined ? value($0[view]) : nil })
    }
    func each(_ value: (Curve) -> Double) -> [Double?] {
      curves.map { $0[0].isDefined ? value($0[0]) : nil }
    }
    return Summary(
      mAP: average(0, \.precision), mAP50: average(0) { $0.precisions[0] },
      mAP75: average(0) { $0.precisions[5] }, mAPSmall: average(1, \.precision),
      mAPMedium: average(2, \.precision), mAPLarge: average(3, \.precision),
      recall1: average(4, \.recall), recall10: average(5, \.recall),
      recall100: average(0, \.recall), recallSmall: average(1, \.recall),
      recallMedium: average(2, \.recall), recallLarge: average(3, \.recall),
      averagePrecision: each(\.precision), averagePrecision50: each { $0.precisions[0] },
      recall: each(\.recall))
  }

  /// All, small, medium and large boxes, then all with at most one and at most ten detections.
  private func curves(of index: Int) -> [Curve] {
    let outcomes = matched[index].enumerated().sorted { a, b in
      a.element.score == b.element.score
        ? a.offset < b.offset : a.element.score > b.element.score
    }.map(\.element)
    return [(0, 100), (1, 100), (2, 100), (3, 100), (0, 1), (0, 10)].map { area, most in
      Curve(outcomes, area, most: most, truths: truthCounts[index][area])
    }
  }

  /// The report of `zoo evaluate`.
  /// `threshold`: the score that boxes must exceed for `precisionAtThreshold`,
  /// `recallAtThreshold` and `f1AtThreshold`. A class's `recall` is COCO's, of at most 100 boxes.
  public func report(model: String, data: String, threshold: Double = 0.5) -> Report {
    let summary = summary()
    let (rates, best) = (rates(above: threshold), bestRates)
    return Report(
      model: model, data: data, count: count, task: .detection,
      metrics: [
        ("mAP", summary.mAP), ("mAP50", summary.mAP50), ("mAP75", summary.mAP75),
        ("mAPSmall", summary.mAPSmall), ("mAPMedium", summary.mAPMedium),
        ("mAPLarge", summary.mAPLarge), ("recall1", summary.recall1),
        ("recall10", summary.recall10), ("recall100", summary.recall100),
        ("threshold", threshold),
      ] + rates.metrics + [("bestF1", best?.f1), ("bestThreshold", best?.threshold)],
      perClass: classes.indices.map { index in
        let rates = self.rates(above: threshold, of: index)
        return Report.Class(
          name: classes[index], index: index, count: boxCount(of: index),
          metrics: [
            ("ap", summary.averagePrecision[index]),
            ("ap50", summary.averagePrecision50[index]), ("recall", summary.recall[index]),
          ] + rates.metrics)
      }, findings: DetectionFindings(metrics: self, threshold: threshold))
  }
}

extension DetectionMetrics.Rates {
  fileprivate var metrics: [(String, Double?)] {
    [
      ("precisionAtThreshold", precision), ("recallAtThreshold", recall), ("f1AtThreshold", f1),
    ]
  }
}

/// Precision and recall of one class in one range of area, at each overlap threshold, as in
/// `COCOeval.accumulate`.
private struct Curve {
  /// For each overlap threshold, the mean precision at 101 levels of recall.
  private(set) var precisions: [Double] = []
  private(set) var recalls: [Double] = []
  let isDefined: Bool

  var precision: Double { precisions.reduce(0, +) / Double(precisions.count) }
  var recall: Double { recalls.reduce(0, +) / Double(recalls.count) }

  /// `numpy.linspace(0, 1, 101)`.
  private static let levels: [Double] = (0..<100).map { Double($0) * 0.01 } + [1]

  init(_ outcomes: [Outcome], _ area: Int, most: Int, truths: Int) {
    isDefined = truths > 0
    guard isDefined else { return }
    let seen = outcomes.filter { $0.rank < most }.map {
      (isMatched: $0.isMatched[area], isIgnored: $0.isIgnored[area])
    }
    for level in DetectionMetrics.overlaps.indices {
      let bit: UInt16 = 1 << UInt16(level)
      var (hits, misses) = (0, 0)
      var steps: [(recall: Double, precision: Double)] = []
      steps.reserveCapacity(seen.count)
      for outcome in seen {
        if outcome.isIgnored & bit == 0 {
          if outcome.isMatched & bit != 0 { hits += 1 } else { misses += 1 }
        }
        let all = Double(hits + misses) + Double.ulpOfOne
        steps.append((Double(hits) / Double(truths), Double(hits) / all))
      }
      recalls.append(Double(hits) / Double(truths))
      for index in steps.indices.dropLast().reversed() {
        steps[index].precision = max(steps[index].precision, steps[index + 1].precision)
      }
      var (sum, step) = (0.0, 0)
      for level in Curve.levels {
        while step < steps.count, steps[step].recall < level { step += 1 }
        guard step < steps.count else { break }
        sum += steps[step].precision
      }
      precisions.append(sum / Double(Curve.levels.count))
    }
  }
}
