import ZooKit
import ZooStore
import ZooTraining

/// A self-contained HTML page: one file with its style and pictures, without scripts, which asks no
/// network for anything. It follows the reader's choice of light or dark, and fits a phone and a sheet
/// of paper.
///
/// ```swift
/// let page = Page(
///   title: "ants and bees", head: "<h1>\(name)</h1>",
///   sections: [PageSection("Metrics", notes: ["On 153 pictures."], body: table)])
/// try page.write(to: "page.html")
/// ```
/// Names in interpolations of `Markup` are escaped, so that a class called `<script>` stays a word.
public struct Page: Sendable {
  public var title: String
  /// Above the sections; see ``PageHead``.
  public var head: Markup
  public var sections: [PageSection]
  /// The last line.
  public var foot: Markup
  /// Rules in addition to ``PageStyle``'s.
  public var style: String

  public init(
    title: String, head: Markup, sections: [PageSection], foot: Markup = "", style: String = ""
  ) {
    (self.title, self.head, self.sections) = (title, head, sections)
    (self.foot, self.style) = (foot, style)
  }

  public var html: String {
    let markup: Markup = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8"/>
      <meta name="viewport" content="width=device-width, initial-scale=1"/>
      <title>\(title)</title>
      <style>
      \(Markup(stringLiteral: PageStyle.sheet + style))
      </style>
      </head>
      <body>
      \(head)<main>
      \(sections.map(\.markup))</main>
      <footer>\(foot)</footer>
      </body>
      </html>

      """
    return markup.text
  }

  /// Writes the file, whole or not at all.
  public func write(to path: String) throws {
    try Publication.write(to: path) { try $0.append(html.utf8) }
  }
}

/// A part of a page: a title and notes on the left, and what is shown on the right.
public struct PageSection: Sendable {
  public var title: String
  /// Paragraphs that say what is shown and how to read it.
  public var notes: [Markup]
  public var body: Markup

  public init(_ title: String, notes: [Markup] = [], body: Markup) {
    (self.title, self.notes, self.body) = (title, notes, body)
  }

  var markup: Markup {
    let lines: [Markup] = notes.map { "<p>\($0)</p>\n" }
    return """
      <section>
      <div class="aside"><h2>\(title)</h2>
      \(lines)</div>
      <div class="shown">
      \(body)</div>
      </section>

      """
  }
}

/// The top of a page: a title, a few sentences, and the figures that matter most.
public struct PageHead: Sendable {
  /// A number and what it counts.
  public struct Figure: Sendable {
    public var value: String
    public var words: Markup
    /// Whether it is the one that the page is about.
    public var isMain: Bool

    public init(_ value: String, _ words: Markup, isMain: Bool = false) {
      (self.value, self.words, self.isMain) = (value, words, isMain)
    }
  }

  public var title: String
  public var lead: Markup
  public var figures: [Figure]

  public init(_ title: String, lead: Markup, figures: [Figure]) {
    (self.title, self.lead, self.figures) = (title, lead, figures)
  }

  public var markup: Markup {
    let boxes: [Markup] = figures.map { figure in
      let kind: Markup = figure.isMain ? " class=\"ours\"" : ""
      return "<div\(kind)><dd>\(figure.value)</dd><dt>\(figure.words)</dt></div>\n"
    }
    return """
      <header>
      <p class="mark">zoo</p>
      <h1>\(title)</h1>
      <p class="lead">\(lead)</p>
      <dl class="figures">
      \(boxes)</dl>
      </header>

      """
  }
}
