import Foundation
import ModelZoo
import TestSupport
import Testing

extension CommandLineTests {
  @Suite struct ReportTests {
    private let space = Workspace()

    private func folder(_ name: String) throws {
      try FileManager.default.createDirectory(
        atPath: space[name], withIntermediateDirectories: true)
    }

    /// Dark and light pictures; every sixth has the other's label.
    private func classes(_ names: [String], in data: String, count: Int = 18) throws {
      for (label, name) in names.enumerated() {
        try folder("\(data)/\(name)")
        for index in 0..<count {
          let random = Random(seed: 3).key(data).key(name).key(index)
          let isDark = (label == 0) != (index % 6 == 5)
          let level = isDark ? 60 : 190
          try Picture(
            width: 28, height: 28, channels: 1,
            pixels: (0..<784).map { UInt8(level + random.below(60, $0) - 30) }
          ).write(png: space["\(data)/\(name)/<img src=x> \(index).png"])
        }
      }
    }

    private func finetune(_ data: String, _ run: String, _ more: String...) throws {
      let outcome = try space.zoo(
        [
          "finetune", "resnet20.fashion-eight", "--data", data, "-o", run, "--epochs", "2",
          "--batch", "8", "--quiet",
        ] + more)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }

    private func report(_ arguments: String...) throws -> WrittenPage {
      let outcome = try space.zoo(["report"] + arguments + ["-o", "report.html", "--quiet"])
      #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
      #expect(outcome.output.hasPrefix("report.html  "), "\(outcome.output)")
      let page = try WrittenPage(space["report.html"])
      page.check()
      return page
    }

    @Test func aClassifier() throws {
      let names = ["<script src=x>", "\"light\" & 'bright'"]
      try classes(names, in: "data")
      try finetune("data", "run", "--calibrate")
      let page = try report("run")
      let titles = [
        "Metrics", "Training", "Confusion", "Threshold", "Calibration", "Each class",
      ]
      #expect(Array(page.titles.prefix(6)) == titles)
      #expect(page.titles.last == "How it was made")
      // Names stay words, also those of files.
      #expect(page.text.contains("&lt;script src=x&gt;") && !page.text.contains("<script"))
      #expect(page.text.contains("&quot;light&quot; &amp; 'bright'"))
      // A fifth was held out, and only that is judged.
      #expect(page.text.contains("Judged by 7 of 36 pictures: 7 held out"))
      #expect(page.text.contains("29 that run/best.h5 learned from"))
      #expect(page.text.contains("<dd>29</dd><dt>pictures learned from</dt>"))
      #expect(page.text.contains("zoo train run/run.json -o again"))
      #expect(page.text.contains("zoo finetune resnet20.fashion-eight --data data "))
      // No path of this machine.
      #expect(!page.text.contains(space.path))
      #expect(page.charts >= 4 + 4)
      // The same bytes again.
      let again = try report("run", "--data", "data")
      #expect(again.text == page.text)
    }

    /// Grad-CAM of the surest mistakes, and as many tiles as the table has mistakes.
    @Test func mistakesAreDrawn() throws {
      try classes(["dark", "light"], in: "data/val", count: 12)
      try classes(["dark", "light"], in: "data/train")
      try finetune("data", "run", "--head", "linear")
      let outcome = try space.zoo(
        "report", "run", "--data", "data", "-o", "report.html", "--json", "--quiet")
      let json = try outcome.json
      let confusion = json["confusion"]?.list?.map { $0.list?.compactMap(\.integer) ?? [] } ?? []
      let wrong = try #require(confusion.first)[1] + confusion[1][0]
      #expect(wrong > 0 && wrong <= 24)
      #expect(json["report"]?.string == "report.html" && json["count"]?.integer == 24)
      #expect(json["intervals"]?["accuracy"]?.list?.count == 2)
      let page = try WrittenPage(space["report.html"])
      page.check()
      #expect(json["bytes"]?.integer == page.text.utf8.count)
      let cases = page.text.matches(of: /<figure class="case">/).count
      #expect(cases == min(10, wrong))
      #expect(page.text.matches(of: /alt="Grad-CAM of (dark|light)"/).count == 2 * cases)
      #expect(page.pictures == 3 * cases + wrong)
      // A dot for each picture, and a dark one for each mistake.
      #expect(page.titles.contains("Map of features"))
      let dots = page.text.matches(of: /<g class="dots ours"[^>]*>(.*?)<\/g>/.dotMatchesNewlines())
        .suffix(3).map { $0.1.matches(of: /<circle/).count }
      #expect(dots == [12, 12, wrong])
    }

    @Test func classesOfOtherData() throws {
      try classes(["kind 0", "kind 1"], in: "data", count: 4)
      let outcome = try space.zoo(
        "report", "resnet20.fashion", "--data", "data", "-o", "report.html", "--quiet")
      #expect(outcome.status == 65 && outcome.error?.contains("kind 0") == true)
      #expect(!space.has("report.html"))
    }

    @Test func aRegression() throws {
      var table = "file,level,side <px>\n"
      try folder("squares")
      for item in 0..<24 {
        let (level, side) = (60 + 8 * (item * 7 % 24), 8 + item * 5 % 24)
        let pixels = (0..<32 * 32).map { place -> UInt8 in
          place / 32 < side && place % 32 < side ? UInt8(level) : 0
        }
        try Picture(width: 32, height: 32, channels: 1, pixels: pixels)
          .write(png: space["squares/\(item).png"])
        table += "\(item).png,\(level),\(side)\n"
      }
      try space.write(table, to: "squares/values.csv")
      let run = try space.zoo(
        "finetune", "resnet20", "--scratch", "--head", "linear", "--data", "squares", "-o", "run",
        "--epochs", "2", "--batch", "6", "--augment", "none", "--quiet")
      #expect(run.status == 0, "\(run.errors)")
      let page = try report("run")
      #expect(
        page.titles == [
          "Metrics", "Training", "level", "side &lt;px&gt;", "Each number", "Worst mistakes",
          "Mistakes", "How it was made",
        ])
      // Five held out: a dot each in two charts of two numbers.
      let dots = page.text.matches(of: /<g class="dots ours">(.*?)<\/g>/.dotMatchesNewlines())
      #expect(dots.map { $0.1.matches(of: /<circle/).count } == [5, 5, 5, 5])
      #expect(page.text.contains("Grad-CAM of side &lt;px&gt;"))
    }

    @Test func aDetector() throws {
      try folder("boxes/images")
      try folder("boxes/labels")
      for index in 0..<4 {
        let random = Random(seed: 5).key(index)
        try Picture(
          width: 96, height: 96, channels: 1,
          pixels: (0..<96 * 96).map { UInt8(random.below(256, $0 / 96 / 8 * 12 + $0 % 96 / 8)) }
        ).write(png: space["boxes/images/\(index).png"])
        try space.write("3 0.5 0.5 0.4 0.4\n", to: "boxes/labels/\(index).txt")
      }
      let info = try space.zoo("info", "yolov4-tiny-half.scenes", "--json").json
      let classes = info["classes"]?.list?.compactMap(\.string) ?? []
      let names = classes.map { "'\($0)'" }.joined(separator: ", ")
      try space.write("path: .\ntrain: images\nnames: [\(names)]\n", to: "boxes/data.yaml")
      let page = try report("yolov4-tiny-half.scenes", "--data", "boxes")
      #expect(page.titles.contains("Confusion") && page.titles.contains("Calibration"))
      #expect(page.titles.contains("Each class") && !page.titles.contains("Worst mistakes"))
      #expect(page.titles.contains("Training"))
      // A row and a column for nothing.
      let head = try #require(page.text.firstMatch(of: /is ↓ said →<\/td>(.*?)<\/tr>/)).1
      #expect(head.matches(of: /<th/).count == classes.count + 1 && head.contains("nothing"))
      #expect(page.text.contains("missed") && page.pictures >= 1)
      let strict = try report("yolov4-tiny-half.scenes", "--data", "boxes", "--score", "0.999")
      #expect(strict.text.contains("0.999"))
    }

    @Test func aSegmenter() throws {
      try folder("masks/images")
      try folder("masks/masks")
      for index in 0..<3 {
        let random = Random(seed: 5).key(index)
        try Picture(
          width: 96, height: 96, channels: 1,
          pixels: (0..<96 * 96).map { UInt8(random.below(256, $0)) }
        ).write(png: space["masks/images/\(index).png"])
        try Picture(
          width: 96, height: 96, channels: 1, pixels: (0..<96 * 96).map { UInt8($0 / 4800) }
        ).write(png: space["masks/masks/\(index).png"])
      }
      let info = try space.zoo("info", "unet-16.scenes", "--json").json
      let kinds = info["classes"]?.list?.compactMap(\.string) ?? []
      try space.write(kinds.prefix(2).joined(separator: "\n") + "\n", to: "masks/classes.txt")
      let page = try report("unet-16.scenes", "--data", "masks")
      #expect(page.titles.contains("Each picture") && page.titles.contains("Confusion"))
      // A row of picture, truth and answer for each.
      #expect(page.text.contains("class=\"tiles wide\"") && page.pictures == 3)
    }

    /// Pictures of one class only: no curve, but a page.
    @Test func oneClass() throws {
      try classes(["dark", "light"], in: "data")
      try finetune("data", "run")
      try classes(["dark"], in: "other/test", count: 5)
      let page = try report("run", "--data", "other")
      #expect(page.text.contains("there is no curve"))
      #expect(page.text.contains("<dd>5</dd><dt>pictures judged: 5 new</dt>"))
    }

    @Test func badInput() throws {
      try classes(["dark", "light"], in: "data")
      try finetune("data", "run")
      func fails(_ status: Int32, _ words: String, _ arguments: String...) throws {
        let outcome = try space.zoo(["report"] + arguments)
        #expect(outcome.status == status, "\(arguments) \(outcome.errors)")
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        #expect(!space.has("x.html"))
      }
      try fails(66, "no model is called nothing", "nothing", "--data", "data", "-o", "x.html")
      try folder("empty")
      try fails(66, "it is not the folder of a run", "empty", "--data", "data", "-o", "x.html")
      try space.write("{}", to: "empty/run.json")
      try fails(66, "has not finished an epoch", "empty", "--data", "data", "-o", "x.html")
      try folder("folds/fold-1")
      try fails(66, "cross-validation", "folds", "--data", "data", "-o", "x.html")
      try fails(64, "--data", "run/best.h5", "-o", "x.html")
      try fails(64, "-o", "run", "--data", "data")
      try fails(66, "missing", "run", "--data", "missing", "-o", "x.html")
      try fails(66, "no split “test”", "run", "--split", "test", "-o", "x.html")
      try fails(64, "--score", "run", "--score", "0.5", "-o", "x.html")
      try fails(73, "nowhere", "run", "-o", "nowhere/x.html")
      try folder("none/test/dark")
      try fails(65, "none", "run", "--data", "none", "-o", "x.html")
      // Everything was learned from.
      try folder("learned/test")
      for kind in ["dark", "light"] {
        let table = try String(contentsOfFile: space["run/pictures.csv"], encoding: .utf8)
        let learned = table.split(whereSeparator: \.isNewline).filter {
          $0.hasSuffix(",train") && $0.contains("\(kind)/")
        }
        try folder("learned/test/\(kind)")
        for line in learned {
          let name = String(line.dropLast(6)).trimmingCharacters(in: ["\""])
          let file = try #require(name.split(separator: "/").last)
          try FileManager.default.copyItem(
            atPath: space["data/\(kind)/\(file)"], toPath: space["learned/test/\(kind)/\(file)"])
        }
      }
      try fails(65, "learned from all", "run", "--data", "learned", "-o", "x.html")
      try FileManager.default.removeItem(atPath: space["run/log.csv"])
      #expect(try !report("run").titles.contains("Training"))
      try space.write("epoch,loss\n1\n", to: "run/log.csv")
      try fails(65, "run/log.csv: a line has 1 numbers, not 2", "run", "-o", "x.html")
    }
  }
}
