import Synchronization
import Testing
import ZooArguments
import ZooStore
import ZooKit

@Suite struct TerminalTests {
  @Test(arguments: [
    ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("漢字", 4), ("カ", 2), ("한", 2), ("👍", 2),
    ("a\u{200B}b", 2), ("3×224", 5), ("…", 1),
  ])
  func columns(_ text: String, _ columns: Int) {
    #expect(text.columns == columns)
    #expect(text.padded(to: 10).columns == 10)
    for width in 0..<6 { #expect(text.truncated(to: width).columns <= width) }
    #expect(text.truncated(to: columns) == text)
  }

  @Test func aTable() {
    var table = Table("name", .right("parameters"), .filling("licence"))
    table.add("resnet18", "11,689,512", "BSD-3-Clause")
    table.add("漢字", "1")
    table.rule()
    table.add("total", "11,689,513", "", "dropped")
    #expect(
      table.text(for: Terminal(isTerminal: false)) == """
        name      parameters  licence
        resnet18  11,689,512  BSD-3-Clause
        漢字               1
        ──────────────────────────────────
        total     11,689,513
        """)
    let narrow = table.text(for: Terminal(isTerminal: true, width: 30))
    #expect(narrow.split(separator: "\n").allSatisfy { String($0).columns <= 30 })
    #expect(narrow.contains("resnet18  11,689,512  BSD-3-C…"))
    #expect(Table("a").text(for: Terminal(isTerminal: false)) == "a")
  }

  @Test func styleOnlyWhereItIsWanted() {
    #expect(Terminal(isTerminal: true, isStyled: true).bold("x") == "\u{1B}[1mx\u{1B}[0m")
    #expect(Terminal(isTerminal: true).bold("x") == "x")
    #expect(!Terminal(descriptor: -1).isTerminal)
  }

  @Test(arguments: [
    (0.0, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"),
    (-5, "0 s"), (.infinity, "277777 h 46 min"),
  ])
  func durations(_ seconds: Double, _ text: String) { #expect(Progress.duration(seconds) == text) }

  @Test(arguments: [
    (0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (46_830_571, "46.8 MB"),
    (3_000_000_000, "3.0 GB"),
  ])
  func amounts(_ count: Int, _ text: String) { #expect(byteCount(count) == text) }

  @Test func amountsOfAWhole() {
    #expect(byteCount(74_000_000, of: 257_000_000) == "74.0 of 257.0 MB")
    #expect(decimal(-0.04, digits: 1) == "0.0")
    #expect(decimal(-1.26, digits: 1) == "-1.3")
    #expect(decimal(2.5, digits: 0) == "3")
    #expect(decimal(.nan, digits: 1) == "nan")
    #expect(decimal(1.007, digits: 2) == "1.01")
  }
}

/// A clock and a screen under the test's control.
private final class Screen: Sendable {
  let time = Mutex(0.0)
  let lines = Mutex<[String]>([])

  func progress(_ unit: Progress.Unit, quiet: Bool = false, width: Int? = nil) -> Progress {
    Progress(
      "resnet18", unit: unit, quiet: quiet,
      terminal: Terminal(isTerminal: width != nil, width: width ?? 80),
      clock: { self.time.withLock { $0 } },
      write: { text in self.lines.withLock { $0.append(text) } })
  }

  func advance(_ seconds: Double) { time.withLock { $0 += seconds } }
  var written: [String] { lines.withLock { $0 } }
}

@Suite struct ProgressTests {
  @Test func aBarIsDrawnTenTimesASecondAtMost() {
    let screen = Screen()
    let progress = screen.progress(.bytes, width: 80)
    for step in 0...1000 {
      progress.update(done: step * 100_000, of: 100_000_000)
      screen.advance(0.01)
    }
    progress.finish()
    #expect(90...105 ~= screen.written.count)
    for line in screen.written { #expect(line.drop { $0 != "K" }.count <= 80) }
    #expect(
      screen.written.dropLast(3).last?.contains("MB  98 %  10.0 MB/s  0 s left") == true,
      "\(screen.written.suffix(4))")
    #expect(screen.written.suffix(2).first?.contains("100.0 of 100.0 MB  100 %") == true)
    #expect(screen.written.last == "\n")
  }

  @Test func withoutATerminalALineNowAndThen() {
    let screen = Screen()
    let progress = screen.progress(.items("images"))
    for step in 0..<280 {
      progress.update(done: step * 2, of: 560)
      screen.advance(0.125)
    }
    progress.finish()
    #expect(
      screen.written == [
        "resnet18: 160 of 560 images  28 %  16 images/s  25 s left\n",
        "resnet18: 320 of 560 images  57 %  16 images/s  15 s left\n",
        "resnet18: 480 of 560 images  85 %  16 images/s  5 s left\n",
      ])
  }

  @Test func aResumedDownloadDoesNotBoast() {
    let screen = Screen()
    let progress = screen.progress(.bytes, width: 120)
    progress.update(done: 90_000_000, of: 100_000_000)
    screen.advance(2)
    progress.update(done: 92_000_000, of: 100_000_000)
    #expect(screen.written.last?.contains("1.0 MB/s  8 s left") == true, "\(screen.written)")
  }

  @Test func quietIsQuiet() {
    let screen = Screen()
    let progress = screen.progress(.bytes, quiet: true, width: 80)
    progress.update(done: 1, of: 2)
    progress.finish()
    #expect(screen.written.isEmpty)
  }

  @Test(arguments: [(0, nil), (5, nil), (5, 0), (10, 5), (-1, 3), (.max, .max)] as [(Int, Int?)])
  func oddNumbersAreHarmless(_ done: Int, _ total: Int?) {
    for width in [20, 40, 200] {
      let screen = Screen()
      let progress = screen.progress(.bytes, width: width)
      progress.update(done: 0, of: total)
      screen.advance(3)
      progress.update(done: done, of: total)
      progress.finish()
      #expect(screen.written.count == 4)
    }
  }
}
