import ModelZoo

/// The installed checkpoints, and the commands that made the page.
extension DemoPage {
  var zoo: PageSection {
    PageSection(
      "The zoo",
      notes: [
        """
        The checkpoints on this machine, from <code>zoo list --installed</code>. Without \
        <code>--installed</code> it also lists everything that <code>zoo pull</code> can download.
        """,
        "Each metric is from the checkpoint's record, measured on its test pictures.",
      ], body: table)
  }

  private var table: Markup {
    let rows: [Markup] = tour.zoo.map { entry in
      var metric: Markup = "–"
      if case .object(let metrics)? = entry["metrics"]?.content, let first = metrics.first {
        metric = """
          \(decimal(first.value.number ?? 0, digits: 1)) <small>\(first.key)</small>
          """
      }
      return """
        <tr><th scope="row">\(entry["name"]?.string ?? "")</th>\
        <td class="narrow">\(entry["family"]?.string ?? "")</td>\
        <td class="narrow">\(entry["task"]?.string ?? "")</td>\
        <td class="number">\(short(entry["parameters"]?.integer))</td>\
        <td class="number narrow">\(short(entry["macs"]?.integer))</td>\
        <td class="number">\(metric)</td></tr>

        """
    }
    return """
      <div class="scroll"><table class="plain">
      <thead><tr><th scope="col">checkpoint</th><th scope="col" class="narrow">family</th>\
      <th scope="col" class="narrow">task</th><th scope="col" class="number">parameters</th>\
      <th scope="col" class="number narrow">multiplications</th>\
      <th scope="col" class="number">metric</th></tr></thead>
      <tbody>\(rows)</tbody>
      </table></div>

      """
  }

  var commands: PageSection {
    let width = tour.commands.map { decimal($0.seconds, digits: 1).count }.max() ?? 0
    let lines: [Markup] = tour.commands.map { command in
      let seconds = decimal(command.seconds, digits: 1)
      let space = String(repeating: " ", count: width - seconds.count)
      return "<i>\(space)\(seconds)  </i>\(command.text)\n"
    }
    return PageSection(
      "The commands",
      notes: [
        "Each command, in the order in which they ran, with its time in seconds.",
        "For your own pictures, pass <code>--data</code> a folder with one folder per class.",
      ], body: "<pre>\(lines)</pre>\n")
  }

  /// 269034 is `269 K`.
  private func short(_ number: Int?) -> String {
    guard let number else { return "–" }
    let units: [(Double, String)] = [(1e9, "G"), (1e6, "M"), (1e3, "K")]
    for (size, unit) in units where Double(number) >= size {
      let amount = Double(number) / size
      return "\(decimal(amount, digits: amount >= 100 ? 0 : 1)) \(unit)"
    }
    return "\(number)"
  }
}
