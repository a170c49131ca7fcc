import Glibc
import ModelZoo
import ZooArguments
import ZooKit

struct TablesVerb: Verb {
  let name = "tables"
  let summary = "print the catalogue's tables for the README"
  let discussion = """
    Tables in Markdown: the checkpoints in the clone, and every family with its variants. With a page, \
    they replace the text between `<!-- tables: NAME -->` and `<!-- end -->`.
    """
  let page = Option<String?>(
    "--into", value: "FILE", help: "the page to update", completion: .files(endings: ["md"]))
  var arguments: [any Argument] { [page] }

  func run(_ input: Parsed) throws {
    let zoo = try Zoo()
    let tables = [
      ("included", try CatalogTables.included(zoo)), ("families", try CatalogTables.families(zoo)),
    ]
    guard let path = try input[page] else {
      return print(tables.map(\.1).joined(separator: "\n\n"))
    }
    let file = try RandomAccessFile(path)
    var text = String(decoding: try file.read(at: 0, count: file.size), as: UTF8.self)
    for (name, table) in tables {
      guard let start = text.firstRange(of: "<!-- tables: \(name) -->\n"),
        let end = text[start.upperBound...].firstRange(of: "<!-- end -->")
      else { throw ZooError.corrupt("\(path) has no place for the table “\(name)”") }
      text.replaceSubrange(start.upperBound..<end.lowerBound, with: table + "\n")
    }
    try Publication.write(to: path) { try $0.append(text.utf8) }
  }
}

/// The catalogue in Markdown.
package enum CatalogTables {
  /// The checkpoints in the clone.
  package static func included(_ zoo: Zoo) throws -> String {
    var rows = ["| checkpoint | family | task | parameters | file | measured on the test split |"]
    rows.append("|---|---|---|--:|--:|---|")
    for record in zoo.catalog.records {
      guard case .included(let file, _) = record.place else { continue }
      let size = try RandomAccessFile(zoo.path(of: record.name)).size
      let parameters = try record.graph(of: zoo.registry.variant(record.variant))
        .inferenceParameterCount
      let metrics = record.metrics.map { "\($0.name) \(decimal($0.value, digits: 1))" }
      let cells = [
        "`\(record.name)`", record.family, record.task.rawValue, thousands(parameters),
        "\(decimal(Double(size) / 1e6, digits: 1)) MB",
        "\(metrics.joined(separator: ", ")) (\(record.metrics.first?.dataset ?? file))",
      ]
      rows.append("| " + cells.joined(separator: " | ") + " |")
    }
    return rows.joined(separator: "\n")
  }

  /// Every family, and the publishers of its weights.
  package static func families(_ zoo: Zoo) throws -> String {
    var rows = ["| family | variants | published weights |", "|---|---|---|"]
    for family in zoo.registry.families {
      let variants = zoo.registry.allVariants.filter { $0.family == family.name }
      let published = zoo.catalog.records.filter { $0.family == family.name && $0.source != nil }
      let formats = Set(published.compactMap(\.source?.format)).sorted()
      let weights =
        published.isEmpty ? "–" : "\(published.count), \(formats.joined(separator: ", "))"
      let names = variants.map { "`\($0.name)`" }.joined(separator: " ")
      rows.append("| \(family.name) | \(names) | \(weights) |")
    }
    return rows.joined(separator: "\n")
  }

  private static func thousands(_ count: Int) -> String {
    count < 1_000_000
      ? "\((count + 500) / 1000)K" : "\(decimal(Double(count) / 1e6, digits: 1))M"
  }
}
