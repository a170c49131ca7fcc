import Foundation
import ModelZoo
import TestSupport
import Testing

/// Figures are measured on pictures that a model has not learned from: README's two commands on a
/// folder with two class folders and no splits, and what comes after.
@Suite struct HeldOutTests {
  private let space = Workspace()
  private static let run = [
    "resnet20", "--scratch", "--epochs", "2", "--batch", "16", "--lr", "0.01",
  ]

  /// Pictures of two kinds whose labels are hard to learn, so that learned ones are judged better.
  init() throws {
    for kind in ["ants", "bees"] {
      for index in 0..<30 { try write(kind, "p\(index / 3)_\(index)", kind.count + index) }
    }
  }

  private func write(_ kind: String, _ name: String, _ seed: Int, in folder: String = "ab") throws {
    try FileManager.default.createDirectory(
      atPath: space["\(folder)/\(kind)"], withIntermediateDirectories: true)
    let random = Random(seed: 11).key(kind).key(seed)
    let level = kind == "ants" ? 110 : 140
    let pixels = (0..<32 * 32 * 3).map {
      UInt8(level + random.key($0 / 48).below(100, 0) - 50 + random.below(8, $0))
    }
    try Picture(width: 32, height: 32, channels: 3, pixels: pixels)
      .write(png: space["\(folder)/\(kind)/\(name).png"])
  }

  private func finetune(_ run: String, _ more: String...) throws -> Outcome {
    try space.zoo(["finetune"] + Self.run + ["--data", "ab", "-o", run] + more)
  }

  private func evaluate(_ arguments: String...) throws -> Outcome {
    try space.zoo(["evaluate", "run/best.h5", "--json"] + arguments)
  }

  /// The same figure as at the end of the run, wherever the folder lies now.
  @Test func theHeldOutPartIsRepeated() throws {
    let trained = try finetune("run", "--json")
    #expect(trained.status == 0, "\(trained.errors)")
    let json = try trained.json
    let figure = try #require(json["best"]?["metrics"]?["accuracy"]?.number)
    #expect(json["validation"]?.integer == 12)
    let same = try evaluate("--data", "ab")
    #expect(same.status == 0, "\(same.errors)")
    #expect(try same.json["count"]?.integer == 12)
    #expect(try same.json["metrics"]?["accuracy"]?.number == figure)
    let pictures = try same.json["pictures"]
    #expect(pictures?.keys == ["heldOut", "new", "learned", "leftOut", "choseEpoch"])
    #expect(pictures?["heldOut"]?.integer == 12 && pictures?["leftOut"]?.integer == 48)
    #expect(pictures?["choseEpoch"]?.bool == true)
    #expect(same.errors.contains("48 that run/best.h5 learned from"))
    let named = try evaluate("--data", "ab", "--split", "val")
    #expect(try named.json["metrics"]?["accuracy"]?.number == figure)

    // Moved, one renamed, and two new ones.
    try FileManager.default.moveItem(atPath: space["ab"], toPath: space["moved"])
    try FileManager.default.moveItem(
      atPath: space["moved/ants/p0_0.png"], toPath: space["moved/ants/first.png"])
    for index in [90, 91] { try write("bees", "new\(index)", index, in: "moved") }
    let moved = try evaluate("--data", "moved")
    #expect(try moved.json["pictures"]?["heldOut"]?.integer == 12)
    #expect(try moved.json["pictures"]?["new"]?.integer == 2)
    #expect(moved.errors.contains("12 held out, 2 new"))

    let all = try evaluate("--data", "moved", "--include-learned")
    #expect(try all.json["count"]?.integer == 62)
    #expect(try all.json["pictures"]?["learned"]?.integer == 48)
    #expect(all.errors.contains("learned from 48 of these 62 pictures"))
    let train = try evaluate("--data", "moved", "--split", "train")
    #expect(train.status == 65 && train.errors.contains("--include-learned"))

    let info = try space.zoo("info", "run/best.h5")
    #expect(info.output.contains("on ab (12 of 60 pictures, held out)"), "\(info.output)")
    #expect(!info.output.contains("ab/val"))
    let parts = try space.zoo("info", "run/best.h5", "--json").json["training"]?["parts"]?.list
    #expect(parts?.compactMap { $0["pictures"]?.integer } == [48, 12])
  }

  /// Learned pictures among others, under other names.
  @Test func learnedPicturesElsewhereAreLeftOut() throws {
    #expect(try finetune("run").status == 0)
    let lines = try String(contentsOfFile: space["run/pictures.csv"], encoding: .utf8)
      .split(whereSeparator: \.isNewline)
    #expect(lines.count == 61 && lines.first == "image,part")
    let learned = try #require(lines.first { $0.hasSuffix(",train") && $0.hasPrefix("ants") })
      .dropLast(6)
    for kind in ["ants", "bees"] {
      for index in 0..<5 { try write(kind, "\(index)", 200 + index, in: "other/test") }
    }
    try FileManager.default.copyItem(
      atPath: space["ab/\(learned)"], toPath: space["other/test/ants/unheard-of.png"])
    for arguments in [["--data", "other"], ["--data", "other", "--split", "test"]] {
      let outcome = try space.zoo(["evaluate", "run/best.h5", "--json"] + arguments)
      #expect(try outcome.json["count"]?.integer == 10)
      #expect(outcome.errors.contains("left out: 1 that run/best.h5 learned from"))
    }
    // A model that continues from this one has learned from those pictures too.
    let again = try space.zoo([
      "finetune", "run/best.h5", "--data", "ab", "-o", "again", "--epochs", "1", "--seed", "5",
    ])
    #expect(again.status == 0, "\(again.errors)")
    #expect(again.errors.contains("leak: run/best.h5 has already learned from"))
    let outcome = try space.zoo("evaluate", "again/best.h5", "--data", "other", "--json")
    #expect(try outcome.json["pictures"]?["leftOut"]?.integer == 1)
  }

  /// An average has learned what any of its models has.
  @Test func averagesRememberAllPictures() throws {
    for seed in ["1", "2"] { #expect(try finetune("run\(seed)", "--seed", seed).status == 0) }
    #expect(
      try space.zoo("average", "run1/best.h5", "run2/best.h5", "-o", "mean.h5").status == 0)
    let held = try ["1", "2"].map { seed in
      let lines = try String(contentsOfFile: space["run\(seed)/pictures.csv"], encoding: .utf8)
        .split(whereSeparator: \.isNewline)
      return Set(lines.filter { $0.hasSuffix(",val") })
    }
    let both = held[0].intersection(held[1]).count
    let outcome = try space.zoo("evaluate", "mean.h5", "--data", "ab", "--json")
    if both > 0 {
      #expect(try outcome.json["count"]?.integer == both)
    } else {
      #expect(outcome.status == 65 && outcome.errors.contains("learned from all 60 pictures"))
    }
  }

  /// The same picture, and almost the same, in two parts.
  @Test func leaksAreReported() throws {
    for kind in ["ants", "bees"] {
      for index in 0..<8 {
        try write(kind, "\(index)", index, in: "two/train")
        try write(kind, "\(index)", 50 + index, in: "two/val")
      }
    }
    let source = try Picture(contentsOf: space["two/train/ants/0.png"])
    try source.resized(to: .init(48, 48)).write(png: space["two/val/ants/larger.png"])
    try FileManager.default.copyItem(
      atPath: space["two/train/bees/1.png"], toPath: space["two/val/bees/copy.png"])
    let outcome = try space.zoo(["finetune"] + Self.run + ["--data", "two", "-o", "run"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(
      outcome.errors.contains(
        "leak: 1 picture of the validation part is also in the training part, which flatters the "
          + "figures: val/bees/copy.png = train/bees/1.png"), "\(outcome.errors)")
    #expect(outcome.errors.contains("val/ants/larger.png ~ train/ants/0.png"))
    #expect(try evaluate("--data", "two").json["pictures"]?["leftOut"]?.integer == 1)
    // Within one folder copies stay in one part.
    for index in 0..<20 {
      try FileManager.default.copyItem(
        atPath: space["ab/ants/p\(index / 3)_\(index).png"],
        toPath: space["ab/ants/copy\(index).png"])
    }
    let copies = try finetune("copies")
    #expect(copies.status == 0 && !copies.errors.contains("also in"), "\(copies.errors)")
  }

  @Test func groupsAndATest() throws {
    let outcome = try finetune("run", "--group-by", "{group}_*", "--test", "0.25", "--json")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let json = try outcome.json
    let (tested, figure) = (
      json["test"]?["pictures"]?.integer, json["test"]?["metrics"]?["accuracy"]?.number
    )
    #expect(tested.map { 9...21 ~= $0 } == true)
    let rows = try String(contentsOfFile: space["run/pictures.csv"], encoding: .utf8)
      .split(whereSeparator: \.isNewline).dropFirst().map { $0.split(separator: ",") }
    let owners = Dictionary(grouping: rows) {
      $0[0].split(separator: "/")[1].split(separator: "_")[0]
    }
    #expect(owners.count == 10 && owners.values.allSatisfy { Set($0.map { $0[1] }).count == 1 })
    #expect(Set(rows.map { $0[1] }) == ["train", "val", "test"])
    for arguments in [["--data", "ab"], ["--data", "ab", "--split", "test"]] {
      let again = try space.zoo(["evaluate", "run/best.h5", "--json"] + arguments)
      #expect(try again.json["count"]?.integer == tested)
      #expect(try again.json["metrics"]?["accuracy"]?.number == figure)
    }
    // Intervals draw the groups of the training, or others.
    let names = owners.filter { $0.value[0][1] == "test" }.keys
    let intervals = try evaluate("--data", "ab", "--intervals")
    #expect(try intervals.json["groups"]?.integer == names.count)
    let pictures = try evaluate("--data", "ab", "--group-by", "{group}/*")
    #expect(try pictures.json["groups"]?.integer == 2)
    #expect(try pictures.json["intervals"] != nil)
    #expect(try evaluate("--data", "ab", "--group-by", "{who}_*").status == 64)
    let one = try evaluate("--data", "ab", "--group-by", "{group}*.png")
    #expect(one.status == 65 && one.errors.contains("one group"), "\(one.errors)")
    let metrics = try space.zoo("info", "run/best.h5", "--json").json["metrics"]?.list
    #expect(
      metrics?.contains { $0["dataset"]?.string?.contains("kept for testing") == true } == true)
    #expect(try space.zoo("verify", "run/best.h5").status == 0)
    // The recipe repeats it, and resuming a finished run writes the same bytes.
    let best = try Data(contentsOf: URL(filePath: space["run/best.h5"]))
    #expect(try space.zoo("train", "run/run.json", "-o", "again").status == 0)
    #expect(try Data(contentsOf: URL(filePath: space["again/best.h5"])) == best)
    #expect(
      try finetune("run", "--group-by", "{group}_*", "--test", "0.25", "--resume").status == 0)
    #expect(try Data(contentsOf: URL(filePath: space["run/best.h5"])) == best)
    for (arguments, status) in [
      (["--group-by", "{who}_*"], Int32(64)), (["--group-by", "patient"], 64),
      (["--group-by", "x{group}_*"], 65), (["--test", "0.9", "--validation", "0.5"], 64),
      (["--fold", "1"], 64), (["--folds", "3", "--test", "0.2"], 64),
      (["--folds", "3", "--patience", "2"], 64),
      (["--folds", "50", "--group-by", "{group}_*"], 65),
    ] {
      let outcome = try space.zoo(
        ["finetune"] + Self.run + ["--data", "ab", "-o", "no"] + arguments)
      #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
    }
  }

  @Test func folds() throws {
    let outcome = try finetune("run", "--folds", "3", "--json")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let json = try outcome.json
    let folds = try #require(json["folds"]?.list)
    #expect(folds.map { $0["held"]?.integer } == [20, 20, 20])
    let values = folds.compactMap { $0["metrics"]?["accuracy"]?.number }
    let mean = values.reduce(0, +) / 3
    #expect(abs((json["mean"]?["accuracy"]?.number ?? 0) - mean) < 1e-12)
    // Each model is judged by its own fold, and each picture once.
    var held: [Substring] = []
    for (index, value) in values.enumerated() {
      let model = "run/fold-\(index + 1)/best.h5"
      let report = try space.zoo("evaluate", model, "--data", "ab", "--json").json
      #expect(report["metrics"]?["accuracy"]?.number == value)
      #expect(report["pictures"]?["choseEpoch"]?.bool == false)
      held += try String(
        contentsOfFile: space["run/fold-\(index + 1)/pictures.csv"], encoding: .utf8
      )
      .split(whereSeparator: \.isNewline).filter { $0.hasSuffix(",test") }
    }
    #expect(held.count == 60 && Set(held).count == 60)
    let table = try String(contentsOfFile: space["run/folds.csv"], encoding: .utf8)
    #expect(table.split(whereSeparator: \.isNewline).count == 6)
    // A fold that is missing from the record is trained again, to the same bytes.
    let record = space["run/folds.json"]
    let whole = try String(contentsOfFile: record, encoding: .utf8)
    try FileManager.default.removeItem(atPath: space["run/fold-3"])
    guard case .object(let members) = try JSON(parsing: whole, origin: record).content else {
      return
    }
    let short = members.map { key, value in
      (key, key == "folds" ? JSON(value.list.map { Array($0.dropLast()) } ?? []) : value)
    }.filter { !["mean", "deviation", "about"].contains($0.0) }
    try space.write(JSON(.object(short)).text(), to: "run/folds.json")
    let resumed = try finetune("run", "--folds", "3", "--resume")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.output.contains("deviation"))
    #expect(try String(contentsOfFile: record, encoding: .utf8) == whole)
    #expect(try finetune("run", "--folds", "3").status == 64)
    #expect(try finetune("run", "--folds", "4", "--resume").status == 64)
    // The recipe of a fold repeats the fold.
    let best = try Data(contentsOf: URL(filePath: space["run/fold-2/best.h5"]))
    #expect(try space.zoo("train", "run/fold-2/run.json", "-o", "again").status == 0)
    #expect(try Data(contentsOf: URL(filePath: space["again/best.h5"])) == best)
  }

  /// The pictures kept for testing judge the best trial once, at the end.
  @Test func aSearchIsTested() throws {
    func tune(_ more: String...) throws -> Outcome {
      try space.zoo(
        ["tune"] + Self.run + [
          "--data", "ab", "-o", "search", "--trials", "2", "--vary", "weight-decay=1e-4..1e-2",
          "--test", "0.25",
        ] + more)
    }
    let outcome = try tune("--json")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let test = try #require(try outcome.json["test"])
    #expect(test["pictures"]?.integer == 15)
    let again = try space.zoo(
      "evaluate", "search/best.h5", "--data", "ab", "--split", "test", "--json")
    #expect(again.status == 0, "\(again.errors)")
    #expect(try again.json["count"]?.integer == 15)
    #expect(try again.json["metrics"]?["accuracy"]?.number == test["metrics"]?["accuracy"]?.number)
    let info = try space.zoo("info", "search/best.h5")
    #expect(info.output.contains("kept for testing"), "\(info.output)")
    #expect(try tune("--resume").output.contains("test: 15 pictures  accuracy "))
  }

  @Test func modelsSideBySide() throws {
    #expect(try finetune("run").status == 0)
    #expect(try finetune("other", "--label-smoothing", "0.1").status == 0)
    let models = ["evaluate", "run/best.h5", "other/best.h5", "--data", "ab"]
    let outcome = try space.zoo(models + ["--json", "--csv", "answers.csv"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let json = try outcome.json
    #expect(json.keys == ["data", "count", "task", "pictures", "models", "comparisons"])
    #expect(json["models"]?.list?.count == 2 && json["count"]?.integer == 12)
    let model = try #require(json["models"]?.list?.first)
    let accuracy = try #require(model["metrics"]?["accuracy"]?.number)
    let interval = model["intervals"]?["accuracy"]?.list?.compactMap(\.number) ?? []
    try #require(interval.count == 2)
    #expect(interval[0] <= accuracy && accuracy <= interval[1])
    let comparison = try #require(json["comparisons"]?.list?.first)
    #expect(comparison["test"]?.string == "McNemar" && comparison["p"]?.number ?? 0 > 0)
    #expect(try space.zoo(models).output.contains("run/best.h5 and other/best.h5"))
    let lines = try String(contentsOfFile: space["answers.csv"], encoding: .utf8)
      .split(whereSeparator: \.isNewline)
    #expect(lines.count == 26 && lines[1].hasPrefix("run/best.h5,"))
    let one = try space.zoo("evaluate", "run/best.h5", "--data", "ab", "--intervals")
    #expect(one.output.contains("95 % interval"))
  }
}
