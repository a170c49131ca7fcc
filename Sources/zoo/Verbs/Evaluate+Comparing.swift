import ModelZoo
import ZooArguments

extension EvaluateVerb {
  /// Shows several models side by side, and whether they differ.
  func compare(
    _ reports: [Report], on pictures: JudgedPictures, by task: any ModelTask,
    _ bootstrap: Bootstrap, _ input: Parsed
  ) throws {
    let comparisons = try ModelComparison.all(reports, by: task.metric, bootstrap)
    let intervals = try reports.map { report in
      try report.findings.map(bootstrap.intervals) ?? [:]
    }
    if try input.wantsJSON {
      let models = zip(reports, intervals).map { report, intervals -> JSON in
        guard case .object(let members) = report.json.content else { return report.json }
        let shared = ["data", "count", "task"]
        return JSON(
          .object(
            members.filter { !shared.contains($0.key) }
              + [("intervals", report.json(of: intervals))]))
      }
      var members: [(key: String, value: JSON)] = [
        ("data", JSON(pictures.data.path)), ("count", JSON(pictures.count)),
        ("task", JSON(task.name.rawValue)), ("pictures", pictures.isKnown ? pictures.json : nil),
      ]
      if let groups = bootstrap.groupCount { members.append(("groups", JSON(groups))) }
      members += [
        ("models", JSON(models)), ("comparisons", JSON(comparisons.map(\.json))),
      ]
      return emit(JSON(.object(members)))
    }
    var table = Table(["metric"] + reports.map { .right($0.model) })
    table.add(["pictures"] + reports.map { grouped($0.count) })
    for (name, _) in reports[0].metrics {
      table.add(
        [name]
          + zip(reports, intervals).map { report, intervals in
            report[name].map { decimal($0, digits: 4) + (intervals[name]?.text ?? "") } ?? ""
          })
    }
    print(table.text())
    print("\nin brackets the 95 % interval of \(bootstrap.words)\n")
    for comparison in comparisons {
      print(comparison.sentence(isRising: task.goal ?? .highest == .highest))
    }
  }
}

extension Bootstrap {
  /// “1000 bootstrap draws of the pictures”
  var words: String {
    "\(draws) bootstrap draws of the " + (groupCount.map { "\($0) groups" } ?? "pictures")
  }
}

extension ClosedRange<Double> {
  /// “ [0.8954, 0.9673]”
  var text: String { " [\(decimal(lowerBound, digits: 4)), \(decimal(upperBound, digits: 4))]" }
}

extension Report {
  /// Intervals by metric, in the metrics' order.
  func json(of intervals: [String: ClosedRange<Double>]) -> JSON {
    JSON(
      .object(
        metrics.compactMap { name, _ in
          intervals[name].map { (name, JSON([JSON($0.lowerBound), JSON($0.upperBound)])) }
        }))
  }
}

extension ModelComparison {
  fileprivate var json: JSON {
    let ends = JSON([JSON(interval.lowerBound), JSON(interval.upperBound)])
    var members: [(key: String, value: JSON)] = [
      ("first", JSON(first)), ("second", JSON(second)), ("metric", JSON(metric)),
      ("difference", JSON(difference)), ("interval", ends), ("test", JSON(test.name)),
      ("p", JSON(p)), ("different", JSON(isShown)),
    ]
    if case .mcNemar(let counts) = test {
      members.append(("onlyFirstRight", JSON(counts.onlyFirst)))
      members.append(("onlySecondRight", JSON(counts.onlySecond)))
    }
    return JSON(.object(members))
  }

  /// The answer in plain words.
  fileprivate func sentence(isRising: Bool) -> String {
    let number = { (value: Double) in decimal(value, digits: 4) }
    let isSecond = (values.second > values.first) == isRising
    let (better, worse) = isSecond ? (second, first) : (first, second)
    let (high, low) = isSecond ? (values.second, values.first) : (values.first, values.second)
    var reason =
      "\(metric) \(number(high)) against \(number(low)), difference \(number(abs(difference)))"
    // The interval is of the second minus the first.
    let ends = [interval.lowerBound, interval.upperBound]
    let sides = (values.second >= values.first ? ends : ends.reversed().map { -$0 }).map(number)
    reason += " [\(sides[0]), \(sides[1])]"
    switch test {
    case .mcNemar(let counts):
      let (one, other) =
        isSecond
        ? (counts.onlySecond, counts.onlyFirst) : (counts.onlyFirst, counts.onlySecond)
      reason += "; \(one) pictures only \(better) has right, \(other) only \(worse)"
    case .pairedBootstrap: break
    }
    let level = p < 0.001 ? "p < 0.001" : "p = \(decimal(p, digits: 3))"
    return isShown
      ? "\(better) is better than \(worse) (\(test.name), \(level)): \(reason)"
      : "no difference is shown between \(first) and \(second) (\(test.name), \(level)): \(reason)"
  }
}
