import ModelZoo

/// The page that `make demo` ends with, from top to bottom.
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
      \(section("What transfer brings", for: "those who have few labelled pictures", transferText, transfer))
      \(section("Right and wrong", for: "those who believe what they see", examplesText, try examples))
      \(section("What, where, how much", for: "those who need more than a word", picturesText, try pictures))
      \(section("What is in the zoo", for: "those who choose a network", zooText, zooTable))
      \(section("The commands", for: "those who do it themselves", commandsText, commands))
      </main>
      <footer>Made by <code>make demo</code>: one file without scripts, which needs no other and no
      network.</footer>
      </body>
      </html>

      """
    }
  }

  /// A heading with what is to be known on the left, and what is to be seen on the right.
  private func section(
    _ title: String, for reader: String, _ text: [Markup], _ body: Markup
  ) -> Markup {
    let lines: [Markup] = text.map { "<p>\($0)</p>\n" }
    return """
      <section>
      <div class="aside"><h2>\(title)</h2>
      <p class="whom">For \(reader)</p>
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
      <p class="lead">A small network learned eight classes of Fashion-MNIST and never saw these two.
      Then it got a new head and \(shots) pictures. <b>All below is what the commands at the end of this
      page gave</b>, on \(threads) \(threads == 1 ? "thread" : "threads") of this machine in
      \(total) seconds.</p>
      <dl class="figures">
      <div><dd>\(shots)</dd><dt>pictures to learn from, \(shots / max(1, tour.data.classes.count)) of
      each class</dt></div>
      <div class="ours"><dd>\(percent(ours.accuracy))</dd><dt>of \(tests) other pictures right, with
      what the network knew before\(after(tour.seconds("zoo finetune", "/pretrained")))</dt></div>
      <div><dd>\(percent(scratch.accuracy))</dd><dt>right with the same network from random
      numbers\(after(tour.seconds("zoo finetune", "/scratch")))</dt></div>
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
