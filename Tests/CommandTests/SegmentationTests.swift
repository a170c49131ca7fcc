import Foundation
import ModelZoo
import TestSupport
import Testing

extension CommandLineTests {
  @Suite struct SegmentationTests {
    /// A workspace with a checkpoint of a small U-Net and two pictures.
    private func workspace(classes: [String]) throws -> Workspace {
      let workspace = Workspace()
      let variant = try Registry.linked().variant("unet-depth3")
      let graph = try variant.graph(head: .original(classes: classes.count), input: [3, 64, 64])
      let weights = try Formula.weights(for: graph)
      let checkpoint = Checkpoint(
        family: variant.family, variant: variant.name, task: .segmentation, classes: classes,
        input: [3, 64, 64],
        preprocessing: Preprocessing(resize: .none, mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2]),
        provenance: .init())
      try WeightStore.write(
        to: workspace["cells.h5"], meta: checkpoint.json,
        weights: weights.map { ($0.name, $0.tensor) }, golden: Golden(of: graph, weights))
      for (name, width, height) in [("a.png", 70, 45), ("dot.png", 1, 1)] {
        try Picture(
          width: width, height: height, channels: 3,
          pixels: (0..<width * height * 3).map { UInt8($0 / 40 * 7919 >> 3 & 255) }
        ).write(png: workspace[name])
      }
      return workspace
    }

    @Test func predictsMasks() throws {
      let workspace = try workspace(classes: ["nucleus", "membrane", "vesicle"])
      let run = try workspace.zoo(
        "predict", "cells.h5", "a.png", "dot.png", "--draw", "found", "--json")
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      #expect(try run.json.keys == ["model", "results"])
      let results = try #require(try run.json["results"]?.list)
      let keys = ["image", "width", "height", "mask", "classes"]
      #expect(results.map(\.keys) == [keys, keys])
      #expect(results[0]["width"]?.integer == 70 && results[0]["height"]?.integer == 45)
      #expect(results.map { $0["mask"]?.string } == ["found/a-mask.png", "found/dot-mask.png"])
      #expect(workspace.has("found/a.png") && workspace.has("found/dot.png"))
      for result in results {
        let classes = try #require(result["classes"]?.list)
        #expect(classes.map(\.keys).allSatisfy { $0 == ["class", "index", "fraction"] })
        #expect(classes.map { $0["class"]?.string } == ["nucleus", "membrane", "vesicle"])
        #expect(classes.map { $0["index"]?.integer } == [0, 1, 2])
        let sum = classes.compactMap { $0["fraction"]?.number }.reduce(0, +)
        #expect(abs(sum - 1) < 1e-12)
      }
      // The fractions match the mask's colours.
      let mask = try Picture(contentsOf: workspace["found/a-mask.png"])
      #expect(mask.width == 70 && mask.height == 45)
      let palette = Colour.palette(of: 3)
      for (index, area) in try #require(results[0]["classes"]?.list).enumerated() {
        let colour = [palette[index].red, palette[index].green, palette[index].blue]
        let count = stride(from: 0, to: mask.pixels.count, by: 3).count {
          Array(mask.pixels[$0..<$0 + 3]) == colour
        }
        #expect(area["fraction"]?.number == Double(count) / 3150)
      }
    }

    @Test func tellsOneClassFromNone() throws {
      let workspace = try workspace(classes: ["cell"])
      func shares(_ arguments: String...) throws -> [Double] {
        let run = try workspace.zoo(["predict", "cells.h5", "a.png", "--json"] + arguments)
        let result = try #require(try run.json["results"]?.list?.first)
        #expect(result["mask"]?.isNull == true)
        let classes = try #require(result["classes"]?.list)
        #expect(classes.map { $0["class"]?.string } == ["background", "cell"])
        return classes.compactMap { $0["fraction"]?.number }
      }
      #expect(try shares("--score", "0.01")[1] > shares("--score", "0.99")[1])
      let text = try workspace.zoo("predict", "cells.h5", "a.png")
      #expect(text.status == 0 && text.output.contains("background"))
    }

    @Test func isVerifiedAndRun() throws {
      let workspace = try workspace(classes: ["cell"])
      #expect(try workspace.zoo("verify", "cells.h5").status == 0)
      var inputs = Weights()
      inputs["image"] = try Formula.tensor("image", [1, 3, 45, 70])
      try SafeTensors.write(inputs, to: workspace["x.safetensors"])
      let run = try workspace.zoo(
        "run", "cells.h5", "--input", "x.safetensors", "-o", "y.safetensors", "--keep",
        "bottleneck")
      #expect(run.status == 0, "\(run.errors)")
      let values = try SafeTensors(workspace["y.safetensors"])
      #expect(try values.tensor("logits").shape == [1, 1, 45, 70])
      #expect(try values.tensor("bottleneck").shape == [1, 256, 5, 8])
    }

    /// Bright discs on a dark ground, and masks of them: grey, in two sizes.
    private func discs(in workspace: Workspace) throws {
      for folder in ["discs", "discs/images", "discs/masks"] { mkdir(workspace[folder], 0o777) }
      for item in 0..<8 {
        let (width, height) = item % 2 == 0 ? (48, 40) : (41, 52)
        var (picture, mask): ([UInt8], [UInt8]) = ([], [])
        for y in 0..<height {
          for x in 0..<width {
            let (dx, dy) = (x - 12 - 2 * item, y - 20)
            let isDisc = dx * dx + dy * dy < 80 + 10 * item
            let noise = Formula.unit("disc \(item)", y * width + x)
            picture.append(UInt8((isDisc ? 170 : 70) + 40 * noise))
            mask.append(isDisc ? 255 : 0)
          }
        }
        try Picture(width: width, height: height, channels: 1, pixels: picture)
          .write(png: workspace["discs/images/\(item).png"])
        try Picture(width: width, height: height, channels: 1, pixels: mask)
          .write(png: workspace["discs/masks/\(item).png"])
      }
      try workspace.write("0 ground\n255 disc\n", to: "discs/classes.txt")
    }

    /// One channel for the only class besides background; a fixed number of steps, validated at the
    /// end.
    @Test func learnsOneClassInOneChannel() throws {
      let workspace = Workspace()
      try discs(in: workspace)
      try workspace.write("255 background\n0 disc\n", to: "discs/classes.txt")
      let recipe = """
        {"model": "unet-depth3", "scratch": true, "data": "discs", "binary": true, "window": 30,
         "augment": "flip+vertical-flip+quarter-turns", "repeat": 3, "steps": 10, "batch": 4, "lr": 0.003,
         "drop-last": true, "warmup-steps": 2, "validate-every": 5}
        """
      try workspace.write(recipe, to: "recipe.json")
      let run = try workspace.zoo("train", "recipe.json", "-o", "run", "--json")
      #expect(run.status == 0, "\(run.errors)")
      let report = try run.json
      #expect(report["steps"]?.integer == 10)
      #expect(report["classes"]?.list?.compactMap(\.string) == ["disc"])
      // Six pictures repeated three times are four whole batches: 4, 4 and 2 steps.
      let epochs = try #require(report["epochs"]?.list)
      #expect(epochs.count == 3 && report["best"]?["epoch"]?.integer == 3)
      let judged = epochs.map { $0["metrics"]?["meanDice"] != nil }
      #expect(judged == [false, false, true])
      let table = try String(contentsOfFile: workspace["run/log.csv"], encoding: .utf8)
      #expect(table.split(separator: "\n").count == 4)
      // The class learned is the disc's 0, and 255 is background.
      let evaluated = try workspace.zoo("evaluate", "run/last.h5", "--data", "discs", "--json")
      #expect(evaluated.status == 0, "\(evaluated.errors)")
      let classes = try evaluated.json["perClass"]?.list?.compactMap { $0["class"]?.string }
      #expect(classes == ["background", "disc"])
      // Further training keeps it without the option.
      let more = try workspace.zoo(
        "finetune", "run/last.h5", "--data", "discs", "--window", "30", "--batch", "4", "--steps",
        "2", "-o", "more", "--json")
      #expect(more.status == 0, "\(more.errors)")
      #expect(try more.json["classes"]?.list?.compactMap(\.string) == ["disc"])
      // Its own mask can be used for training.
      let drawn = try workspace.zoo(
        "predict", "run/last.h5", "discs/images/0.png", "--draw", "found", "--json")
      #expect(drawn.status == 0, "\(drawn.errors)")
      let mask = try Picture(contentsOf: workspace["found/0-mask.png"], asNumbers: true)
      #expect(mask.channels == 1 && mask.pixels.allSatisfy { $0 < 2 })
      // Without names, neither value is known to be background.
      try workspace.write("0 ground\n255 disc\n", to: "discs/classes.txt")
      let refused = try workspace.zoo("train", "recipe.json", "-o", "other")
      #expect(refused.status == 64 && refused.errors.contains("background"), "\(refused.errors)")
    }

    /// Masks with a single value cannot teach anything.
    @Test func oneValueAloneIsNothingToLearn() throws {
      let workspace = Workspace()
      for folder in ["plain", "plain/images", "plain/masks"] { mkdir(workspace[folder], 0o777) }
      for item in 0..<4 {
        let picture = try Picture(width: 32, height: 32, channels: 1)
        try picture.write(png: workspace["plain/images/\(item).png"])
        try picture.write(png: workspace["plain/masks/\(item).png"])
      }
      let run = try workspace.zoo(
        "finetune", "unet-depth3", "--scratch", "--data", "plain", "-o", "run")
      #expect(run.status == 65 && run.errors.contains("only one class"), "\(run.errors)")
    }

    @Test(arguments: ["dice-cross-entropy", "border-cross-entropy"])
    func learnsFromMasks(loss: String) throws {
      let workspace = Workspace()
      try discs(in: workspace)
      let run = try workspace.zoo(
        "finetune", "unet-depth3", "--scratch", "--data", "discs", "--window", "30", "--repeat",
        "4", "--batch", "4", "--epochs", "3", "--lr", "0.003", "--loss", loss, "-o", "run",
        "--json")
      #expect(run.status == 0, "\(run.errors)")
      let report = try workspace.zoo("evaluate", "run/best.h5", "--data", "discs", "--json").json
      // A fifth of 8 was held out.
      #expect(report["task"]?.string == "segmentation" && report["count"]?.integer == 2)
      let metrics = try #require(report["metrics"])
      for name in ["pixelAccuracy", "meanIoU", "meanDice", "iou", "dice"] {
        #expect(metrics[name]?.number != nil, "\(name)")
      }
      #expect(try #require(metrics["dice"]?.number) > 0.7)
      #expect(report["perClass"]?.list?.map { $0["class"]?.string } == ["ground", "disc"])
      // The network has the pictures' number of channels and takes any size.
      let answer = try workspace.zoo("predict", "run/best.h5", "discs/images/1.png", "--json").json
      let result = try #require(answer["results"]?.list?.first)
      #expect(result["width"]?.integer == 41 && result["height"]?.integer == 52)
      let info = try workspace.zoo("info", "run/best.h5", "--json").json
      #expect(info["preprocessing"]?["channels"]?.string == "grey")
      #expect(info["input"]?.list?.first?.integer == 1)
      let soft = try workspace.zoo(
        "predict", "run/best.h5", "discs/images/1.png", "--suppression", "soft")
      #expect(soft.status == 64 && soft.error?.contains("segmentation") == true, "\(soft.errors)")
      // Other classes are not mistaken for these.
      try workspace.write("0 ground\n255 cell\n", to: "discs/classes.txt")
      #expect(try workspace.zoo("evaluate", "run/best.h5", "--data", "discs").status == 65)
    }
  }
}
