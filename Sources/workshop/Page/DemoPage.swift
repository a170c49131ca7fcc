import ModelZoo

/// The page of `make demo`, from top to bottom.
struct DemoPage {
  let tour: Tour

  init(_ tour: Tour) { self.tour = tour }

  var markup: Markup {
    get throws {
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8"/>
      <meta name="viewport" content="width=device-width, initial-scale=1"/>
      <title>zoo: \(list(tour.data.classes)) from \(shots) pictures</title>
      <style>
      \(Markup(stringLiteral: Style.sheet))
      </style>
      </head>
      <body>
      \(head)<main>
      \(section("Transfer learning", for: "few labelled pictures", transferText, transfer))
      \(section("Right and wrong", for: "a look at single pictures", examplesText, try examples))
      \(section("Classes, boxes, areas", for: "more than one class per picture", picturesText, try pictures))
      \(section("The zoo", for: "choosing a network", zooText, zooTable))
      \(section("The commands", for: "doing it yourself", commandsText, commands))
      </main>
      <footer>Made by <code>make demo</code>: a single file without scripts, which needs no
      network.</footer>
      </body>
      </html>

      """
    }
  }

  /// A heading with text on the left, and figures on the right.
  private func section(
    _ title: String, for purpose: String, _ text: [Markup], _ body: Markup
  ) -> Markup {
    let lines: [Markup] = text.map { "<p>\($0)</p>\n" }
    return """
      <section>
      <div class="aside"><h2>\(title)</h2>
      <p class="whom">For \(purpose)</p>
      \(lines)</div>
      <div>
      \(body)</div>
      </section>

      """
  }

  var shots: Int { tour.data["train"]?.count ?? 0 }

  private var head: Markup {
    let (ours, scratch) = (tour.ours, tour.scratch)
    let tests = grouped(ours.answers.count)
    let total = decimal(tour.commands.reduce(0) { $0 + $1.seconds }, digits: 0)
    let threads = ours.machine["threads"]?.integer ?? 1
    return """
      <header>
      <p class="mark">zoo</p>
      <h1>\(list(tour.data.classes)) from \(shots) pictures</h1>
      <p class="lead">A small network was trained on eight classes of Fashion-MNIST, without these two.
      Then it was fine-tuned with a new head on \(shots) pictures. <b>Everything below was made by the
      commands at the end of this page</b>, on \(threads) \(threads == 1 ? "thread" : "threads") of this
      machine in \(total) seconds.</p>
      <dl class="figures">
      <div><dd>\(shots)</dd><dt>training pictures, \(shots / max(1, tour.data.classes.count)) of
      each class</dt></div>
      <div class="ours"><dd>\(percent(ours.accuracy))</dd><dt>of \(tests) other pictures correct with
      the pretrained network\(after(tour.seconds("zoo finetune", "/pretrained")))</dt></div>
      <div><dd>\(percent(scratch.accuracy))</dd><dt>correct with the same network from random
      weights\(after(tour.seconds("zoo finetune", "/scratch")))</dt></div>
      </dl>
      </header>

      """
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
