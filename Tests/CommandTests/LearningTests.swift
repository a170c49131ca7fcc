import Foundation
import ModelZoo
import TestSupport
import Testing

/// Fine-tuning, evaluation, search and features as a user sees them, with a small network and small
/// pictures of two kinds that are easy to tell apart.
@Suite struct LearningTests {
  private let space = Workspace()
  private static let run = ["--epochs", "3", "--batch", "8", "--lr", "0.01"]

  init() throws {
    for (split, count) in [("train", 24), ("val", 8)] {
      for kind in ["dark", "light"] {
        let folder = space["data/\(split)/\(kind)"]
        try FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: true)
        for index in 0..<count {
          let random = Random(seed: 7).key(split).key(kind).key(index)
          let level = kind == "dark" ? 60 : 190
          let pixels = (0..<32 * 32 * 3).map { UInt8(level + random.below(60, $0) - 30) }
          try Picture(width: 32, height: 32, channels: 3, pixels: pixels)
            .write(png: "\(folder)/\(index).png")
        }
      }
    }
  }

  private func finetune(_ run: String, _ more: String...) throws -> Outcome {
    try space.zoo(
      ["finetune", "resnet20", "--scratch", "--data", "data", "-o", run] + LearningTests.run + more)
  }

  @Test func fromPicturesToAModel() throws {
    let outcome = try finetune("run", "--json")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let json = try outcome.json
    #expect(json["classes"]?.list?.compactMap(\.string) == ["dark", "light"])
    #expect(json["epochs"]?.list?.count == 3)
    let accuracy = try #require(json["best"]?["value"]?.number)
    #expect(accuracy > 0.9)
    for name in ["best.h5", "last.h5", "log.csv", "run.json", "curves.svg"] {
      #expect(space.has("run/\(name)"), "\(name)")
    }
    // The metric during training equals that of a later evaluation.
    let evaluated = try space.zoo(
      "evaluate", "run/best.h5", "--data", "data", "--json", "--csv", "answers.csv")
    #expect(evaluated.status == 0, "\(evaluated.errors)")
    let report = try evaluated.json
    #expect(report["metrics"]?["accuracy"]?.number == accuracy)
    #expect(report["count"]?.integer == 16)
    #expect(report["confusion"]?.list?.count == 2)
    #expect(report["perClass"]?.list?.first?["class"]?.string == "dark")
    let lines = try String(contentsOfFile: space["answers.csv"], encoding: .utf8)
      .split(whereSeparator: \.isNewline)
    #expect(lines.count == 17)
    #expect(lines.first == "image,truth,predicted,dark,light")
    #expect(try space.zoo("verify", "run/best.h5").status == 0)
    let predicted = try space.zoo("predict", "run/best.h5", "data/val/light/0.png", "--json").json
    #expect(predicted["results"]?.list?.first?["top"]?.list?.first?["class"]?.string == "light")
  }

  /// A rate that is far too high: the layer is named, and nothing is kept that looks like a result.
  @Test func aDivergingRunNamesTheLayer() throws {
    for (steps, freeze, part) in [
      ("9", "backbone", "the parameter linear.weight has grown"),
      ("9", "none", ".weight has grown to"), ("1", "none", "the output of "),
    ] {
      let outcome = try space.zoo(
        "finetune", "resnet20.fashion", "--data", "data", "-o", freeze + steps, "--lr", "1000000",
        "--optimizer", "sgd", "--freeze", freeze, "--batch", "8", "--steps", steps, "--quiet")
      #expect(outcome.status == 1, "\(freeze)")
      #expect(outcome.error?.contains(part) == true, "\(outcome.errors)")
      #expect(outcome.error?.contains("the learning rate may be too high") == true)
      #expect(!space.has("\(freeze)\(steps)/best.h5"))
    }
  }

  /// `zoo finetune` killed at any moment, and resumed: every file is that of an uninterrupted run.
  @Test func killedAndResumed() throws {
    let words =
      ["finetune", "resnet20.fashion", "--data", "data", "--quiet", "--save-every", "2"]
      + Self.run
    let whole = try space.zoo(words + ["-o", "whole"])
    #expect(whole.status == 0, "\(whole.errors)")
    var killed = 0
    for round in 0..<5 {
      let moment = Double(round * 2 + 1) / 10 * whole.seconds
      let first = try space.zoo(words + ["-o", "run"], limit: moment)
      killed += first.status == nil ? 1 : 0
      if first.status != 0 {
        let more = space.has("run/run.json") ? ["--resume"] : []
        let second = try space.zoo(words + ["-o", "run"] + more)
        #expect(second.status == 0, "killed after \(moment) s: \(second.errors)")
      }
      #expect(try differences(space["run"], space["whole"]) == [], "killed after \(moment) s")
      try FileManager.default.removeItem(atPath: space["run"])
    }
    #expect(killed > 1)
  }

  /// An output folder may be a link to one; one process at a time works in it.
  @Test func foldersOfOutput() throws {
    for name in ["tuned", "searched", "drawn"] {
      mkdir(space[name], 0o777)
      #expect(symlink(name, space["to-\(name)"]) == 0)
    }
    let model = "resnet20.fashion"
    for words in [
      ["finetune", model, "--data", "data", "-o", "to-tuned", "--epochs", "1"],
      ["tune", model, "--data", "data", "-o", "to-searched", "--trials", "1", "--epochs", "1"],
      ["predict", model, "data/val/dark/0.png", "--draw", "to-drawn"],
    ] {
      let outcome = try space.zoo(words)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    for file in ["tuned/best.h5", "searched/best.h5", "drawn/0.png"] {
      #expect(space.has(file), "\(file)")
    }
    for name in ["tuned", "searched", "drawn"] {
      let type = try FileManager.default.attributesOfItem(atPath: space["to-\(name)"])[.type]
      #expect(type as? FileAttributeType == .typeSymbolicLink)
    }
    let folder = open(space["searched"], O_RDONLY | O_DIRECTORY)
    defer { close(folder) }
    #expect(flock(folder, LOCK_EX | LOCK_NB) == 0)
    let second = try space.zoo(
      "tune", model, "--data", "data", "-o", "searched", "--resume", "--trials", "2")
    #expect(second.status == 64)
    #expect(second.errors.contains("another process is searching in searched"), "\(second.errors)")
  }

  /// The head is new, and the rest is the model's to the byte, including statistics.
  @Test func aFrozenBackboneStaysAsItIs() throws {
    #expect(try finetune("run").status == 0)
    let tuned = try space.zoo(
      ["finetune", "run/best.h5", "--data", "data", "-o", "tuned", "--head", "linear", "--json"]
        + LearningTests.run)
    #expect(tuned.status == 0, "\(tuned.errors)")
    let json = try tuned.json
    let (unchanged, tensors) = (json["unchanged"]?.integer, json["tensors"]?.integer)
    #expect(unchanged == tensors.map { $0 - 2 })
    let (before, after) = (
      try WeightStore(space["run/best.h5"]).load(threads: 1),
      try WeightStore(space["tuned/best.h5"]).load(threads: 1)
    )
    for (name, tensor) in before where !name.hasPrefix("linear.") {
      #expect(after[name]?.values == tensor.values, "\(name)")
    }
    // ResNet's own head is a linear one, and keeps its name.
    #expect(after["linear.weight"] != nil && after["head.fc.weight"] == nil)
  }

  @Test func whatDoesNotFitIsNamed() throws {
    #expect(try finetune("run").status == 0)
    for (arguments, status, part) in [
      (["finetune", "run/best.h5", "--data", "nowhere", "-o", "x"], Int32(66), "nowhere"),
      (["finetune", "run/best.h5", "--data", "run", "-o", "x"], 65, "is not a data set"),
      (["finetune", "run/best.h5", "--data", "data", "-o", "run"], 64, "resum"),
      (
        ["finetune", "run/best.h5", "--data", "data", "-o", "x", "--freeze", "bakbone"], 64,
        "backbone"
      ),
      (["finetune", "run/best.h5", "--data", "data", "-o", "x", "--lr", "0"], 64, "--lr"),
      (
        ["finetune", "run/best.h5", "--data", "data", "-o", "x", "--validation", "nan"], 64,
        "--validation"
      ),
      (["finetune", "run/best.h5", "--data", "data"], 64, "-o"),
      (["finetune", "run/best.h5", "--data", "data", "-o", "x", "--head", "none"], 64, "none"),
      (
        ["finetune", "run/best.h5", "--data", "data", "-o", "x", "--window", "16"], 64,
        "“window” is for segmentation only"
      ),
      (["finetune", "run/best.h5", "--data", "data", "-o", "x", "--binary"], 64, "segmentation"),
      (["evaluate", "run/best.h5", "--data", "data", "--split", "vall"], 66, "val"),
      (["train", "missing.json", "-o", "x"], 66, "missing.json"),
      (["tune", "run/best.h5", "--data", "data", "-o", "x", "--vary", "lrr=1..2"], 64, "lrr"),
      (["tune", "run/best.h5", "--data", "data", "-o", "x", "--vary", "lr=2..1"], 64, "lr=2..1"),
      (
        ["features", "run/best.h5", "--data", "data", "-o", "f.h5", "--node", "layer9"], 66, "layer"
      ),
    ] {
      let outcome = try space.zoo(arguments)
      #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
      let last = outcome.errors.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
      #expect(last.contains(part), "\(arguments): \(last)")
    }
    // Labels are matched by name.
    try FileManager.default.moveItem(
      atPath: space["data/val/light"], toPath: space["data/val/bright"])
    let outcome = try space.zoo("evaluate", "run/best.h5", "--data", "data/val")
    #expect(outcome.status == 65)
    #expect(outcome.errors.contains("bright") && outcome.errors.contains("dark, light"))
  }

  /// Smaller pictures than the network was designed for, which the record states.
  @Test func picturesOfAnotherSize() throws {
    #expect(try finetune("small", "--size", "16").status == 0)
    let record = try space.zoo("info", "small/best.h5", "--json").json
    #expect(record["input"]?.list?.compactMap(\.integer) == [3, 16, 16])
    let resize = record["preprocessing"]?["resize"]?.list
    #expect(resize?.compactMap(\.integer) == [16, 16])
    #expect(record["training"]?["recipe"]?["size"]?.integer == 16)
    #expect(try space.zoo("info", "small/best.h5").output.contains("size 16, "))
    #expect(try space.zoo("predict", "small/best.h5", "data/val/light/0.png").status == 0)
    // Continuing from that model uses the same picture size.
    let again = try space.zoo(
      ["finetune", "small/best.h5", "--scratch", "--data", "data", "-o", "again"] + Self.run)
    #expect(again.status == 0, "\(again.errors)")
    let anew = try space.zoo("info", "again/best.h5", "--json").json
    for key in ["input", "preprocessing"] {
      #expect(anew[key]?.text() == record[key]?.text())
    }
    // Invalid sizes, and networks without a fixed size, are refused.
    #expect(try finetune("none", "--size", "0").status == 64)
    let masks = try space.zoo(
      "finetune", "unet-depth3", "--scratch", "--data", "data", "-o", "none", "--size", "16")
    #expect(masks.status == 65, "\(masks.errors)")
  }

  /// A network on another family's features loads those of the named checkpoint.
  @Test func anotherBackbone() throws {
    #expect(try finetune("run").status == 0)
    let outcome = try space.zoo(
      "finetune", "run/best.h5", "--data", "data", "-o", "x", "--backbone", "run/best.h5")
    #expect(outcome.status == 64 && outcome.errors.contains("no other family"))
    try FileManager.default.createDirectory(
      atPath: space["boxes/images"], withIntermediateDirectories: true)
    try FileManager.default.createDirectory(
      atPath: space["boxes/labels"], withIntermediateDirectories: true)
    for index in 0..<4 {
      try FileManager.default.copyItem(
        atPath: space["data/val/light/\(index).png"], toPath: space["boxes/images/\(index).png"])
      try "0 0.5 0.5 0.6 0.6\n".write(
        toFile: space["boxes/labels/\(index).txt"], atomically: true, encoding: .utf8)
    }
    let detector = ["--data", "boxes", "--steps", "1", "--batch", "2"]
    let built = try space.zoo(
      ["finetune", "fasterrcnn-resnet20", "-o", "found", "--backbone", "run/best.h5"] + detector)
    #expect(built.status == 0, "\(built.errors)")
    let wrong = try space.zoo(
      ["finetune", "unet-vgg16", "-o", "y", "--backbone", "run/best.h5"] + detector)
    #expect(wrong.status == 64 && wrong.errors.contains("vgg16"), "\(wrong.errors)")
    // Pictures without boxes teach a detector nothing and cannot tell epochs apart.
    try FileManager.default.copyItem(atPath: space["boxes"], toPath: space["empty"])
    for index in 0..<4 { try space.write("", to: "empty/labels/\(index).txt") }
    for (data, part) in [("empty", "learn"), ("boxes", "validation pictures")] {
      let empty = try space.zoo(
        "finetune", "fasterrcnn-resnet20", "-o", "z", "--backbone", "run/best.h5", "--data", data,
        "--validation", "empty")
      #expect(empty.status == 65 && empty.errors.contains("has a box"), "\(empty.errors)")
      #expect(empty.errors.contains(part))
    }
  }

  /// One broken picture is named and skipped; many are an error.
  @Test func brokenPicturesAreCounted() throws {
    try space.write("no picture", to: "data/train/dark/broken.png")
    let outcome = try finetune("run")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("broken.png"))
    for index in 0..<4 { try space.write("none", to: "data/train/dark/worse\(index).png") }
    let refused = try finetune("run2")
    #expect(refused.status == 65)
    #expect(refused.errors.contains("5 %"))
  }

  @Test func aRunIsRepeatedByItsRecord() throws {
    #expect(try finetune("run").status == 0)
    let again = try space.zoo("train", "run/run.json", "-o", "again")
    #expect(again.status == 0, "\(again.errors)")
    let files = try ["run", "again"].map {
      try Data(contentsOf: URL(filePath: space["\($0)/best.h5"]))
    }
    #expect(files[0] == files[1])
  }

  @Test func anInterruptedRunSaysSoAndGoesOn() throws {
    let whole = try finetune("whole")
    #expect(whole.status == 0)
    let stopped = try space.zoo(
      ["finetune", "resnet20", "--scratch", "--data", "data", "-o", "run"] + LearningTests.run,
      under: ["timeout", "-s", "INT", "-k", "60", "1.2"])
    // It was either stopped in the middle, or fast enough to finish its three epochs.
    if !stopped.errors.contains("epoch 3  ") {
      #expect(stopped.errors.contains("--resume"), "\(stopped.errors)")
      let resumed = try finetune("run", "--resume")
      #expect(resumed.status == 0, "\(resumed.errors)")
    }
    let files = try ["whole", "run"].map {
      try Data(contentsOf: URL(filePath: space["\($0)/best.h5"]))
    }
    #expect(files[0] == files[1])
  }

  @Test func aSearchKeepsItsBestAndGoesOn() throws {
    #expect(try finetune("start").status == 0)
    func tune(_ run: String, _ trials: Int, _ more: String...) throws -> Outcome {
      try space.zoo(
        [
          "tune", "start/best.h5", "--data", "data", "-o", run, "--trials", "\(trials)",
          "--vary", "lr=1e-4..1e-1", "--vary", "head=linear,mlp", "--epochs", "2", "--batch", "8",
          "--json",
        ] + more)
    }
    let whole = try tune("whole", 8)
    #expect(whole.status == 0, "\(whole.errors)")
    #expect(try whole.json["trials"]?.list?.count == 8)
    #expect(space.has("whole/best.h5") && space.has("whole/trials.csv"))
    let first = try tune("parts", 3)
    #expect(first.status == 0, "\(first.errors)")
    let rest = try tune("parts", 8, "--resume")
    #expect(rest.status == 0, "\(rest.errors)")
    let tables = try ["whole", "parts"].map {
      try String(contentsOfFile: space["\($0)/trials.csv"], encoding: .utf8)
    }
    #expect(tables[0] == tables[1])
    #expect(try space.zoo("verify", "whole/best.h5").status == 0)
  }

  @Test func featuresOfAFolder() throws {
    #expect(try finetune("run").status == 0)
    let outcome = try space.zoo(
      "features", "run/best.h5", "--data", "data", "-o", "f.h5", "--json")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try outcome.json["shape"]?.list?.compactMap(\.integer) == [64, 64])
    let maps = try space.zoo(
      "features", "run/best.h5", "--data", "data", "-o", "m.h5", "--node", "layer1", "--maps",
      "--json")
    #expect(try maps.json["shape"]?.list?.compactMap(\.integer) == [64, 16, 32, 32])
  }
}
