import ModelZoo

/// The confusion matrix: a row per true class, shaded by the share of the row.
struct ConfusionTable {
  let attempt: Attempt

  var markup: Markup {
    let heads: [Markup] = attempt.classes.map { "<th scope=\"col\">\($0)</th>" }
    let rows: [Markup] = zip(attempt.classes, attempt.report.confusion).map { name, counts in
      let all = counts.reduce(0, +)
      let cells: [Markup] = counts.map { count in
        let share = all > 0 ? Double(count) / Double(all) : 0
        return """
          <td style="--share:\(decimal(share, digits: 3))"><b>\(grouped(count))</b> \
          <small>\(percent(share))</small></td>
          """
      }
      return "<tr><th scope=\"row\">\(name)</th>\(cells)</tr>\n"
    }
    return """
      <table class="confusion \(attempt.isOurs ? "ours" : "other")">
      <caption>\(attempt.name)</caption>
      <thead><tr><td class="axes">is ↓ said →</td>\(heads)</tr></thead>
      <tbody>\(rows)</tbody>
      </table>

      """
  }
}

/// 0.8834 is `88.3 %`.
func percent(_ share: Double) -> String { "\(decimal(share * 100, digits: 1)) %" }

/// 25557032 is `25,557,032`.
func grouped(_ number: Int) -> String {
  let digits = String(number)
  return digits.enumerated().map { place, digit in
    place > 0 && (digits.count - place) % 3 == 0 ? ",\(digit)" : "\(digit)"
  }.joined()
}
