import ZooKit
import ZooStore
import ZooTraining
import ZooVision

/// The parts of a page that repeat: tables, charts with captions, pictures in a grid.
extension Markup {
  /// A table that scrolls sideways where it is too wide.
  /// - Parameters:
  ///   - heads: the titles of the columns. The first column names its row; the others are numbers.
  ///   - rows: as many cells as titles.
  package static func table(_ heads: [Markup], _ rows: [[Markup]]) -> Markup {
    let titles: [Markup] = heads.enumerated().map { place, head in
      place == 0
        ? "<th scope=\"col\">\(head)</th>" : "<th scope=\"col\" class=\"number\">\(head)</th>"
    }
    let lines: [Markup] = rows.map { cells in
      let cells: [Markup] = cells.enumerated().map { place, cell in
        place == 0 ? "<th scope=\"row\">\(cell)</th>" : "<td class=\"number\">\(cell)</td>"
      }
      return "<tr>\(cells)</tr>\n"
    }
    return """
      <div class="scroll"><table class="plain">
      <thead><tr>\(titles)</tr></thead>
      <tbody>\(lines)</tbody>
      </table></div>

      """
  }

  /// Facts with their names.
  package static func facts(_ facts: [(name: String, value: Markup)]) -> Markup {
    let lines: [Markup] = facts.map { name, value in "<dt>\(name)</dt><dd>\(value)</dd>\n" }
    return "<dl class=\"facts\">\n\(lines)</dl>\n"
  }

  /// A chart or a table with a title and a sentence above it.
  package static func figure(_ title: String, _ sentence: Markup = "", _ body: Markup) -> Markup {
    """
    <figure><figcaption><b>\(title)</b>\(sentence)</figcaption>
    \(body)</figure>

    """
  }

  /// Figures side by side, or one below the other on a narrow screen.
  package static func pair(_ figures: [Markup]) -> Markup {
    figures.isEmpty ? "" : "<div class=\"pair\">\n\(figures)</div>\n"
  }

  /// The names of coloured lines or areas.
  package static func legend(_ names: [(name: String, colour: Colour)]) -> Markup {
    let words: [Markup] = names.map { name, colour in
      "<span><i style=\"background:\(colour.css)\"></i>\(name)</span>\n"
    }
    return "<p class=\"legend\">\(words)</p>\n"
  }

  /// How often each true class, a row, was answered as each class, a column; shaded by the share of
  /// the row.
  package static func confusion(_ classes: [String], _ counts: [[Int]]) -> Markup {
    let heads: [Markup] = classes.map { "<th scope=\"col\">\($0)</th>" }
    let rows: [Markup] = zip(classes, counts).map { name, counts in
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
    // Counts and shares of many classes would not fit the columns.
    let size = classes.count > 12 ? " many" : classes.count > 5 ? " some" : ""
    return """
      <div class="scroll"><table class="confusion\(size)">
      <thead><tr><td class="axes">is ↓ said →</td>\(heads)</tr></thead>
      <tbody>\(rows)</tbody>
      </table></div>

      """
  }
}

extension Colour {
  /// As style sheets spell it.
  package var css: String { "rgb(\(red) \(green) \(blue))" }
}

/// 0.8834 is `88.3 %`.
package func percent(_ share: Double) -> String { "\(decimal(share * 100, digits: 1)) %" }

/// 25557032 is `25,557,032`.
package func grouped(_ number: Int) -> String {
  var text = ""
  for (index, digit) in String(number.magnitude).reversed().enumerated() {
    if index > 0, index % 3 == 0 { text.append(",") }
    text.append(digit)
  }
  return (number < 0 ? "-" : "") + String(text.reversed())
}
