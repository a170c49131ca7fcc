import ZooData
import ZooKit
import ZooStore
import ZooVision

extension Mistakes {
  /// The files that were written.
  struct Files {
    let sheets: [String]
    let table: String
    let count: Int

    var json: JSON { ["count": JSON(count), "sheets": JSON(sheets), "table": JSON(table)] }
  }

  /// Writes contact sheets of the worst mistakes of every group, `sheet-001.png` and so on, and a
  /// table of all, `mistakes.csv`, which says where each is drawn.
  func write(of split: Split, to folder: MistakesFolder, title: String) throws -> Files {
    var folder = folder
    var table = CommaSeparated()
    table.add(MistakesFolder.firstColumns + columns + ["sheet", "row", "column"])
    let pages = pages
    var sheets: [String] = []
    for (number, page) in pages.enumerated() {
      let sheet = ContactSheet(
        title: "\(number + 1) of \(pages.count)  ·  \(title): \(summary)",
        rows: try page.map { try row($0, of: split) })
      sheets.append(try folder.write(sheet.drawn(layout)))
    }
    var count = 0
    for (group, places) in zip(groups, places(on: pages)) {
      for (index, mistake) in group.mistakes.enumerated() {
        let place = index < places.count ? places[index] : ["", "", ""]
        for cells in mistake.rows {
          table.add([split.items[mistake.item].name, group.title] + cells + place)
        }
        count += mistake.rows.count
      }
    }
    try table.write(to: folder.table)
    folder.removeOthers()
    return Files(sheets: sheets, table: folder.table, count: count)
  }

  /// A line of a page: a heading, or mistakes of a group.
  private enum Line {
    case heading(group: Int)
    case mistakes(group: Int, Range<Int>)
  }

  /// Headings are never the last line of a page, and pages are about equally long.
  private var pages: [[Line]] {
    var left = Mistakes.mostPictures
    var pages: [[Line]] = []
    var (page, used) = ([Line](), 0)
    for (index, group) in groups.enumerated() {
      let shown = min(group.mistakes.count, mostDrawn, left)
      left -= shown
      for start in stride(from: 0, to: shown, by: layout.perRow) {
        if used == rowsPerPage {
          pages.append(page)
          (page, used) = ([], 0)
        }
        if start == 0 || page.isEmpty { page.append(.heading(group: index)) }
        page.append(.mistakes(group: index, start..<min(start + layout.perRow, shown)))
        used += 1
      }
    }
    return page.isEmpty ? pages : pages + [page]
  }

  private var rowsPerPage: Int {
    let captions = groups.flatMap(\.mistakes).prefix(100).map(\.captions.count).max() ?? 0
    return layout.rows(captions: captions + 1)
  }

  private func row(_ line: Line, of split: Split) throws -> ContactSheet.Row {
    switch line {
    case .heading(let index):
      let group = groups[index]
      let count = group.mistakes.reduce(0) { $0 + $1.rows.count }
      let pictures = group.mistakes.count
      return .heading(
        "\(group.title)  (\(count)\(count == pictures ? "" : " in \(pictures) pictures"))")
    case .mistakes(let group, let range):
      return .tiles(
        try groups[group].mistakes[range].map { mistake in
          let sample = try split.items[mistake.item].sample()
          let name = sample.name.split(separator: "/").last.map(String.init) ?? sample.name
          return .init(try draw(mistake, sample), captions: [name.printable] + mistake.captions)
        })
    }
  }

  /// Sheet, row and column of the drawn mistakes of every group, from 1.
  private func places(on pages: [[Line]]) -> [[[String]]] {
    var places = [[[String]]](repeating: [], count: groups.count)
    for (sheet, page) in pages.enumerated() {
      var row = 0
      for case .mistakes(let group, let range) in page {
        row += 1
        for column in 1...range.count {
          places[group].append(["\(sheet + 1)", "\(row)", "\(column)"])
        }
      }
    }
    return places
  }
}
