import Foundation
import ModelZoo
import TestSupport
import Testing

/// Calibration, contact sheets and averages as a user sees them, with a small network and pictures of
/// two kinds, some of them labelled wrongly.
extension CommandLineTests {
  @Suite struct ConfidenceTests {
    private let space = Workspace()

    /// Every tenth label is wrong, so that no honest network is certain.
    init() throws { try write(wrong: (10, 10, 10)) }

    /// - Parameter wrong: which labels of a split are wrong: every so many.
    private func write(wrong: (train: Int, val: Int, test: Int)) throws {
      for (split, count, every) in [
        ("train", 24, wrong.train), ("val", 20, wrong.val), ("test", 12, wrong.test),
      ] {
        for kind in ["dark", "light"] {
          let folder = space["data/\(split)/\(kind)"]
          try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
          for index in 0..<count {
            let random = Random(seed: 7).key(split).key(kind).key(index)
            let isDark = (kind == "dark") != (index % every == every - 1)
            let level = isDark ? 60 : 190
            let pixels = (0..<32 * 32 * 3).map { UInt8(level + random.below(60, $0) - 30) }
            try Picture(width: 32, height: 32, channels: 3, pixels: pixels)
              .write(png: "\(folder)/\(index).png")
          }
        }
      }
    }

    private func finetune(_ run: String, _ more: String...) throws -> Outcome {
      try space.zoo(
        [
          "finetune", "resnet20", "--scratch", "--data", "data", "-o", run, "--epochs", "6",
          "--batch", "8", "--lr", "0.005", "--quiet",
        ] + more)
    }

    /// Certain, and right: no temperature helps.
    @Test func whatIsCalibratedStaysAsItIs() throws {
      try write(wrong: (100, 100, 100))
      let run = try finetune("run", "--calibrate")
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains("already calibrated"), "\(run.output)")
      let arguments = ["calibrate", "run/best.h5", "--data", "data"]
      let outcome = try space.zoo(arguments + ["-o", "same.h5", "--json"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let json = try outcome.json
      #expect(json["confidence"]?.isNull == true && json["novelty"]?.isNull == false)
      #expect(json["before"]?.text() == json["after"]?.text())
      let text = try space.zoo(arguments + ["-o", "same.h5"])
      #expect(text.output.contains("already calibrated"), "\(text.output)")
      let report = try space.zoo("evaluate", "same.h5", "--data", "data", "--json").json
      #expect(report["temperature"] == nil)
    }

    private func bytes(_ name: String) throws -> Data {
      try Data(contentsOf: URL(filePath: space[name]))
    }

    /// A network that has learned from right labels is certain where some are wrong.
    @Test func probabilitiesBecomeHonest() throws {
      try write(wrong: (100, 5, 10))
      let plain = try finetune("plain", "--json")
      #expect(plain.status == 0)
      #expect(try plain.json["confidence"]?.isNull == true)
      let run = try finetune("run", "--calibrate", "--json")
      #expect(run.status == 0, "\(run.errors)")
      let confidence = try #require(try run.json["confidence"])
      let temperature = try #require(confidence["temperature"]?.number)
      #expect(temperature > 0 && temperature != 1)
      // The verb finds the same pictures, and gives the same file.
      let outcome = try space.zoo(
        "calibrate", "plain/best.h5", "--data", "data", "-o", "honest.h5", "--json")
      #expect(outcome.status == 0, "\(outcome.errors)")
      let json = try outcome.json
      #expect(json["pictures"]?.integer == 40)
      #expect(json["confidence"]?["temperature"]?.number == temperature)
      let loss = try ["before", "after"].map { try #require(json[$0]?["logLoss"]?.number) }
      #expect(loss[1] < loss[0])
      #expect(try #require(json["calibrationFloor"]?.number) > 0)
      #expect(json["after"]?["reliability"]?.list?.count == 15)
      let again = try space.zoo(
        "calibrate", "plain/best.h5", "--data", "data", "-o", "again.h5", "--quiet")
      #expect(again.status == 0 && again.output.contains("temperature"))
      #expect(try bytes("honest.h5") == bytes("again.h5"))
      #expect(try space.zoo("verify", "honest.h5").status == 0)
      #expect(try space.zoo("info", "honest.h5").output.contains("calibration error"))

      // The answers are the same, the probabilities are those of divided logits.
      let reports = try ["plain/best.h5", "honest.h5"].map {
        try space.zoo("evaluate", $0, "--data", "data", "--split", "val", "--json").json
      }
      #expect(reports[0]["confusion"]?.text() == reports[1]["confusion"]?.text())
      let error = "expectedCalibrationError"
      #expect(
        reports[1]["metrics"]?["uncalibratedError"]?.number
          == reports[0]["metrics"]?[error]?.number)
      let losses = try reports.map { try #require($0["metrics"]?["logLoss"]?.number) }
      #expect(losses[1] < losses[0])
      #expect(reports[0]["temperature"] == nil && reports[1]["temperature"] != nil)
      let odds = try ["plain/best.h5", "honest.h5"].map { model -> Double in
        let top = try space.zoo("predict", model, "data/val/dark/0.png", "--json").json["results"]?
          .list?.first?["top"]?.list
        let shares = try #require(top?.compactMap { $0["probability"]?.number })
        return log(shares[0] / shares[1])
      }
      #expect(abs(odds[0] / odds[1] - temperature) < 0.01 * temperature, "\(odds) \(temperature)")
      // Another kind of picture is told; one of the training's kind is not.
      let stripes = (0..<32 * 32 * 3).map { UInt8($0 / 3 % 8 < 4 ? 255 : 0) }
      try Picture(width: 32, height: 32, channels: 3, pixels: stripes)
        .write(png: space["stripes.png"])
      let shown = try space.zoo("predict", "honest.h5", "stripes.png", "data/train/dark/0.png")
      #expect(
        shown.output.split(separator: "\n").count { $0.hasPrefix("unlike anything it has seen") }
          == 1, "\(shown.output)")
      let told = try space.zoo("predict", "honest.h5", "stripes.png", "--json").json["results"]?
        .list?.first
      #expect(told?.keys == ["image", "top", "unlike", "distance", "threshold"])
      #expect(told?["unlike"]?.bool == true)
      let table = try space.zoo(
        "predict", "honest.h5", "stripes.png", "--csv", "a.csv", "--top", "1")
      #expect(table.status == 0, "\(table.errors)")
      let rows = try String(contentsOfFile: space["a.csv"], encoding: .utf8)
        .split(whereSeparator: \.isNewline)
      #expect(rows[0] == "image,class,probability,distance,unlike" && rows[1].hasSuffix(",true"))
      // Further training starts without it.
      let tuned = try space.zoo(
        "finetune", "honest.h5", "--data", "data", "-o", "tuned", "--epochs", "1", "--json")
      #expect(tuned.status == 0, "\(tuned.errors)")
      let record = try space.zoo("info", "tuned/best.h5", "--json").json
      #expect(record["confidence"]?.isNull == true && record["novelty"]?.isNull == true)
    }

    @Test func mistakesAreShown() throws {
      #expect(try finetune("run").status == 0)
      let arguments = ["evaluate", "run/best.h5", "--data", "data", "--split", "val", "--json"]
      let outcome = try space.zoo(arguments + ["--mistakes", "wrong"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let json = try outcome.json
      let confusion = try #require(
        json["confusion"]?.list?.map { $0.list?.map { $0.integer ?? 0 } })
      let wrong = (confusion[0]?[1] ?? 0) + (confusion[1]?[0] ?? 0)
      #expect(wrong > 0 && json["mistakes"]?["count"]?.integer == wrong)
      #expect(json["mistakes"]?["sheets"]?.list?.compactMap(\.string) == ["wrong/sheet-001.png"])
      let sheet = try Picture(contentsOf: space["wrong/sheet-001.png"])
      #expect(sheet.width == 1240 && sheet.height > 150)
      let table = try String(contentsOfFile: space["wrong/mistakes.csv"], encoding: .utf8)
        .split(whereSeparator: \.isNewline)
      #expect(table[0] == "image,kind,truth,answer,score,score of truth,sheet,row,column")
      #expect(table.count == wrong + 1)
      #expect(table.dropFirst().allSatisfy { $0.contains("dark") && $0.contains("light") })
      let first = try bytes("wrong/sheet-001.png")
      #expect(try space.zoo(arguments + ["--mistakes", "wrong"]).status == 0)
      #expect(try bytes("wrong/sheet-001.png") == first)
      // Sheets of an earlier evaluation go, other files stay, and foreign ones are not replaced.
      try space.write("old", to: "wrong/sheet-002.png")
      try space.write("mine", to: "wrong/sheet-notes.png")
      #expect(try space.zoo(arguments + ["--mistakes", "wrong"]).status == 0)
      #expect(!space.has("wrong/sheet-002.png") && space.has("wrong/sheet-notes.png"))
      for (name, text) in [("scans/sheet-001.png", "scan"), ("tables/mistakes.csv", "a,b\n")] {
        let folder = name.prefix { $0 != "/" }.description
        try FileManager.default.createDirectory(
          atPath: space[folder], withIntermediateDirectories: true)
        try space.write(text, to: name)
        let foreign = try space.zoo(arguments + ["--mistakes", folder])
        #expect(foreign.status == 73 && foreign.errors.contains(folder), "\(foreign.errors)")
        #expect(try String(contentsOfFile: space[name], encoding: .utf8) == text)
      }
      let noTable = try space.zoo(arguments + ["--csv", "nowhere/a.csv", "--mistakes", "unused"])
      #expect(noTable.status == 73 && !space.has("unused"), "\(noTable.errors)")
      try space.write("", to: "file")
      let refused = try space.zoo(arguments + ["--mistakes", "file"])
      #expect(refused.status == 73 && refused.errors.contains("file"))
    }

    /// Boxes of every kind on the pictures, and masks beside the truth.
    @Test func mistakesOfDetectorsAndSegmenters() throws {
      for folder in ["boxes/images", "boxes/labels", "masks/images", "masks/masks"] {
        try FileManager.default.createDirectory(
          atPath: space[folder], withIntermediateDirectories: true)
      }
      for index in 0..<3 {
        let random = Random(seed: 5).key(index)
        let pixels = (0..<96 * 96).map { UInt8(random.below(256, $0 / 96 / 8 * 12 + $0 % 96 / 8)) }
        for folder in ["boxes", "masks"] {
          try Picture(width: 96, height: 96, channels: 1, pixels: pixels)
            .write(png: space["\(folder)/images/\(index).png"])
        }
        try space.write("3 0.5 0.5 0.4 0.4\n", to: "boxes/labels/\(index).txt")
        try Picture(
          width: 96, height: 96, channels: 1, pixels: (0..<96 * 96).map { UInt8($0 / 4800) }
        ).write(png: space["masks/masks/\(index).png"])
      }
      let info = try space.zoo("info", "yolov4-tiny-half.scenes", "--json").json
      let classes = info["classes"]?.list?.compactMap(\.string) ?? []
      let names = classes.map { "'\($0)'" }.joined(separator: ", ")
      try space.write("path: .\ntrain: images\nnames: [\(names)]\n", to: "boxes/data.yaml")
      let boxes = try space.zoo(
        "evaluate", "yolov4-tiny-half.scenes", "--data", "boxes", "--mistakes", "wrong-boxes")
      #expect(boxes.status == 0, "\(boxes.errors)")
      let table = try String(contentsOfFile: space["wrong-boxes/mistakes.csv"], encoding: .utf8)
      #expect(table.contains(",missed,") && space.has("wrong-boxes/sheet-001.png"), "\(table)")

      let masks = try space.zoo("info", "unet-16.scenes", "--json").json
      let kinds = masks["classes"]?.list?.compactMap(\.string) ?? []
      try space.write(kinds.prefix(2).joined(separator: "\n") + "\n", to: "masks/classes.txt")
      let outlined = try space.zoo(
        "evaluate", "unet-16.scenes", "--data", "masks", "--mistakes", "wrong-masks")
      #expect(outlined.status == 0, "\(outlined.errors)")
      let sheet = try Picture(contentsOf: space["wrong-masks/sheet-001.png"])
      // Three pictures, each 0.34 of the page's width.
      #expect(sheet.height > 3 * 380, "\(sheet.height)")
    }

    @Test func weightsAreAveraged() throws {
      #expect(try finetune("a").status == 0)
      let b = try space.zoo(
        "finetune", "a/best.h5", "--data", "data", "-o", "b", "--freeze", "none", "--epochs", "1",
        "--quiet")
      #expect(b.status == 0, "\(b.errors)")
      let outcome = try space.zoo("average", "a/best.h5", "b/best.h5", "-o", "mean.h5")
      #expect(outcome.status == 0 && outcome.errors.contains("--data"), "\(outcome.errors)")
      let (x, y, mean) = (
        try WeightStore(space["a/best.h5"]).load(threads: 1),
        try WeightStore(space["b/best.h5"]).load(threads: 1),
        try WeightStore(space["mean.h5"]).load(threads: 1)
      )
      for (name, tensor) in mean {
        let expected = zip(x[name]?.values ?? [], y[name]?.values ?? []).map { ($0 + $1) / 2 }
        #expect(zip(tensor.values, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(name)")
      }
      let computed = try space.zoo(
        "average", "a/best.h5", "b/best.h5", "-o", "new.h5", "--data", "data", "--json")
      #expect(computed.status == 0, "\(computed.errors)")
      #expect(try computed.json["statisticsComputed"]?.bool == true)
      let new = try WeightStore(space["new.h5"]).load(threads: 1)
      for (name, tensor) in new {
        let isSame = tensor.values == mean[name]?.values
        #expect(isSame != name.contains("running_"), "\(name)")
      }
      let report = try space.zoo("evaluate", "new.h5", "--data", "data", "--json").json
      #expect(try #require(report["metrics"]?["accuracy"]?.number) > 0.8)
    }

    /// The mean of the last two epochs, with statistics of its own.
    @Test func theLastEpochsAreAveraged() throws {
      let run = try finetune("swa", "--swa", "2", "--json")
      #expect(run.status == 0, "\(run.errors)")
      let info = try space.zoo("info", "swa/best.h5", "--json").json
      #expect(info["training"]?["recipe"]?["swa"]?.integer == 2, "\(info["training"] as Any)")
      #expect(try space.zoo("verify", "swa/best.h5").status == 0)
      // What the log of the run says of its best epoch is what the saved weights give.
      let best = try #require(try run.json["best"]?["metrics"]?["logLoss"]?.number)
      let report = try space.zoo(
        "evaluate", "swa/best.h5", "--data", "data", "--split", "val", "--json"
      ).json
      let found = try #require(report["metrics"]?["logLoss"]?.number)
      #expect(abs(found - best) < 1e-6, "\(found) \(best)")
      for (options, part) in [
        (["--swa", "2", "--average", "0.9"], "average"), (["--swa", "9"], "6"),
        (["--swa", "2", "--patience", "1"], "patience"), (["--swa", "0"], "swa"),
      ] {
        let refused = try space.zoo(
          ["finetune", "resnet20", "--scratch", "--data", "data", "-o", "no", "--epochs", "6"]
            + options)
        #expect(refused.status == 64 && refused.errors.contains(part), "\(refused.errors)")
      }
    }

    @Test func answersAreCombined() throws {
      #expect(try finetune("a").status == 0)
      #expect(try finetune("b", "--seed", "1").status == 0)
      let picture = "data/test/light/9.png"
      func share(_ model: String, _ more: String...) throws -> Double {
        let run = try space.zoo(["predict", model, picture, "--json"] + more)
        #expect(run.status == 0, "\(run.errors)")
        let top = try run.json["results"]?.list?.first?["top"]?.list
        return try #require(
          top?.first { $0["class"]?.string == "light" }?["probability"]?.number)
      }
      let (a, b) = (try share("a/best.h5"), try share("b/best.h5"))
      let both = try share("a/best.h5+b/best.h5")
      #expect(abs(both - (a + b) / 2) < 1e-6)
      // The mean over the picture and its mirror image.
      let picture9 = try Picture(contentsOf: space[picture])
      try picture9.mirroredAcross.write(png: space["mirrored.png"])
      let other = try space.zoo("predict", "a/best.h5", "mirrored.png", "--json").json["results"]?
        .list?.first?["top"]?.list?.first { $0["class"]?.string == "light" }?["probability"]?.number
      let mirrored = try #require(other)
      let flipped = try share("a/best.h5", "--tta", "flip")
      #expect(abs(flipped - (a + mirrored) / 2) < 1e-6)
      let views = try share("a/best.h5", "--tta", "flip,scales,crops")
      #expect(views > 0 && views < 1)

      let report = try space.zoo(
        "evaluate", "a/best.h5+b/best.h5", "--data", "data", "--tta", "flip", "--json")
      #expect(report.status == 0, "\(report.errors)")
      let combined = try report.json
      #expect(combined["model"]?.string == "a/best.h5+b/best.h5")
      #expect(try #require(combined["metrics"]?["accuracy"]?.number) > 0.7)
      for (arguments, status, part) in [
        (["predict", "a/best.h5+resnet20.fashion", picture], Int32(65), "classes"),
        (["predict", "a/best.h5+", picture], 64, "A+B"),
        (["predict", "a/best.h5+none.h5", picture], 66, "none.h5"),
        (["predict", "a/best.h5", picture, "--tta", "flip,turn"], 64, "turn"),
        (["predict", "yolov4-tiny-half.scenes", picture, "--tta", "crops"], 64, "detection"),
      ] {
        let outcome = try space.zoo(arguments)
        #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
        #expect(outcome.errors.contains(part), "\(arguments): \(outcome.errors)")
      }
    }

    /// Boxes and masks found in a mirrored picture lie where they are in the picture.
    @Test func viewsOfBoxesAndMasksAreMappedBack() throws {
      let random = Random(seed: 3)
      let pixels = (0..<96 * 128 * 3).map { UInt8(random.below(256, $0 / 48)) }
      try Picture(width: 128, height: 96, channels: 3, pixels: pixels)
        .write(png: space["scene.png"])
      for model in ["yolov4-tiny-half.scenes", "unet-16.scenes"] {
        for views in ["flip", "scales", "flip,scales"] {
          let run = try space.zoo("predict", model, "scene.png", "--tta", views, "--json")
          #expect(run.status == 0, "\(model) \(views): \(run.errors)")
        }
      }
      for view in PictureView.views([.flip, .scales, .crops], scales: [1.2], zooms: [0.5]) {
        // The frame of all that a view shows is the region that it shows.
        let size = Window.Size(96, 128)
        let region = view.region(of: size)
        let shown = Frame(
          x0: 0, y0: 0, x1: view.zoom * Double(region.width),
          y1: view.zoom * Double(region.height))
        let frame = view.pictureFrame(shown, of: size)
        #expect(
          abs(frame.x0 - Double(region.x)) < 1e-9 && abs(frame.width - Double(region.width)) < 1e-9)
        #expect(abs(frame.y0 - Double(region.y)) < 1e-9)
      }
      let left = PictureView(isMirrored: true).pictureFrame(
        Frame(x0: 0, y0: 0, x1: 10, y1: 10), of: .init(96, 128))
      #expect(left.x0 == 118 && left.x1 == 128)
    }

    @Test func whatDoesNotFitIsNamed() throws {
      let workspace = try Workspace.furnished()
      for (arguments, status, part) in [
        (["calibrate", "small.h5", "--data", "nowhere", "-o", "x.h5"], Int32(66), "nowhere"),
        (["calibrate", "small.h5", "--data", "."], 64, "-o"),
        (["calibrate", "small.h5", "--data", ".", "-o", "x", "--false-alarms", "0.9"], 64, "0.9"),
        (["average", "small.h5", "-o", "x.h5"], 64, "two"),
        (["average", "small.h5", "missing.h5", "-o", "x.h5"], 66, "missing.h5"),
        (["average", "small.h5", "resnet20.fashion", "-o", "x.h5"], 65, "classes"),
        (["average", "small.h5", "vgg9_bn.fashion", "-o", "x.h5"], 65, "vgg9_bn"),
        (["average", "small.h5", "small.h5", "-o", "nowhere/x.h5"], 73, "nowhere"),
      ] {
        let outcome = try workspace.zoo(arguments)
        #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
        let last = outcome.errors.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
        #expect(last.contains(part), "\(arguments): \(last)")
      }
      let detector = try space.zoo(
        "calibrate", "yolov4-tiny-half.scenes", "--data", "data", "-o", "x.h5")
      #expect(detector.status == 65 && detector.errors.contains("detection"), "\(detector.errors)")
    }
  }
}
