import Foundation
import ModelZoo
import TestSupport
import Testing

extension CommandLineTests {
  @Suite struct DetectionTests {
    /// A detector on the command line. Its file is large, so one is written for all tests.
    @Test func detects() throws {
      let workspace = Workspace()
      let variant = try Registry.linked().variant("fasterrcnn-resnet50-fpn")
      let graph = try variant.graph()
      let weights = try Formula.detectorWeights(for: graph)
      let checkpoint = Checkpoint(
        family: variant.family, variant: variant.name, task: .detection,
        classes: (0..<90).map { "thing \($0)" }, input: variant.architecture.input,
        preprocessing: Preprocessing(
          resize: .within(shorter: 64, longer: 96), interpolation: .sampled, multiple: 32,
          mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]),
        provenance: .init())
      try WeightStore.write(
        to: workspace["detector.h5"], meta: checkpoint.json,
        weights: weights.map { ($0.name, $0.tensor) })
      try Picture(
        width: 80, height: 50, channels: 3, pixels: (0..<12000).map { UInt8($0 * 7919 >> 3 & 255) }
      ).write(png: workspace["small.png"])

      try predicts(workspace)
      try softens(workspace)
      try saysThatNothingIsFound(workspace)
      try evaluates(workspace)
      try runs(workspace)
    }

    private func predicts(_ workspace: Workspace) throws {
      let run = try workspace.zoo(
        "predict", "detector.h5", "small.png", "--score", "0.1", "--iou", "0.3", "--draw", "found",
        "--json")
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      #expect(try run.json.keys == ["model", "results"])
      let results = try #require(try run.json["results"]?.list)
      #expect(results.map(\.keys) == [["image", "detections"]])
      let found = try #require(results[0]["detections"]?.list)
      #expect(found.count > 3 && found.count <= 100)
      for object in found {
        #expect(object.keys == ["class", "index", "score", "box"])
        let index = try #require(object["index"]?.integer)
        #expect(object["class"]?.string == "thing \(index)")
        let box = (object["box"]?.list ?? []).compactMap(\.number)
        #expect(box.count == 4 && box[0] >= 0 && box[1] >= 0 && box[2] <= 80 && box[3] <= 50)
        #expect(box[0] < box[2] && box[1] < box[3])
      }
      let scores = found.compactMap { $0["score"]?.number }
      #expect(scores == scores.sorted(by: >) && scores.allSatisfy { $0 > 0.1 && $0 <= 1 })
      let drawing = try Picture(contentsOf: workspace["found/small.png"])
      let small = try Picture(contentsOf: workspace["small.png"])
      // Small pictures are enlarged, so that labels are readable.
      #expect(drawing.width % 80 == 0 && drawing.width / 80 == drawing.height / 50)
      #expect(drawing != small)
    }

    /// Everything that is found counts, unless --score says otherwise.
    private func evaluates(_ workspace: Workspace) throws {
      let seen = try workspace.zoo(
        "predict", "detector.h5", "small.png", "--score", "0.1", "--json"
      ).json
      let best = try #require(seen["results"]?.list?[0]["detections"]?.list?.first)
      let box = (best["box"]?.list ?? []).compactMap(\.number)
      try #require(box.count == 4)
      for folder in ["things", "things/images", "things/labels"] { mkdir(workspace[folder], 0o777) }
      try Picture(contentsOf: workspace["small.png"]).write(png: workspace["things/images/a.png"])
      try workspace.write(
        "0 \((box[0] + box[2]) / 160) \((box[1] + box[3]) / 100) \((box[2] - box[0]) / 80) "
          + "\((box[3] - box[1]) / 50)\n", to: "things/labels/a.txt")
      try workspace.write("\(best["class"]?.string ?? "")\n", to: "things/classes.txt")
      func recall(_ options: String...) throws -> Double? {
        let run = try workspace.zoo(
          ["evaluate", "detector.h5", "--data", "things", "--json"] + options)
        #expect(run.status == 0, "\(run.errors)")
        return try run.json["metrics"]?["recall100"]?.number
      }
      #expect(try recall() ?? 0 > 0.9)
      #expect(try recall("--score", "0.1", "--iou", "0.4") ?? 0 > 0.9)
      #expect(try recall("--score", "1") == 0)
      let top = try workspace.zoo("predict", "detector.h5", "small.png", "--top", "3")
      #expect(top.status == 64 && top.error?.contains("--top") == true, "\(top.errors)")
    }

    /// Overlapping boxes of a class are kept with lower scores, in the usual JSON shape.
    private func softens(_ workspace: Workspace) throws {
      func pairs(_ rule: String) throws -> Int {
        let run = try workspace.zoo(
          "predict", "detector.h5", "small.png", "--score", "0.1", "--iou", "0.3",
          "--suppression", rule, "--json")
        #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
        let found = try #require(try run.json["results"]?.list?[0]["detections"]?.list)
        #expect(found.allSatisfy { $0.keys == ["class", "index", "score", "box"] })
        let scores = found.compactMap { $0["score"]?.number }
        #expect(scores == scores.sorted(by: >) && scores.allSatisfy { $0 > 0.1 })
        let boxes = found.map { object in
          let box = (object["box"]?.list ?? []).compactMap(\.number).map(Float.init)
          return Box(box[0], box[1], box[2], box[3])
        }
        return found.indices.reduce(0) { count, i in
          count
            + (0..<i).count {
              found[$0]["index"]?.integer == found[i]["index"]?.integer
                && boxes[$0].iou(boxes[i]) > 0.31
            }
        }
      }
      #expect(try pairs("hard") == 0)
      #expect(try pairs("soft") > 0)
      #expect(try workspace.zoo("predict", "detector.h5", "x", "--suppression", "no").status == 64)
    }

    private func saysThatNothingIsFound(_ workspace: Workspace) throws {
      let run = try workspace.zoo("predict", "detector.h5", "small.png", "--score", "1")
      #expect(run.status == 0)
      // It names the surest box, and a score that shows it.
      #expect(run.output.hasPrefix("nothing found above a score of 1"), "\(run.output)")
      #expect(run.output.contains("the surest is thing "), "\(run.output)")
      let words = run.output.split(separator: " ").map(String.init)
      let place = try #require(words.firstIndex(of: "--score"))
      let shown = try workspace.zoo(
        "predict", "detector.h5", "small.png", "--score", words[place + 1], "--json")
      #expect(try shown.json["results"]?.list?.first?["detections"]?.list?.isEmpty == false)
      let json = try workspace.zoo("predict", "detector.h5", "small.png", "--score", "1", "--json")
      #expect(try json.json["results"]?.list?.first?["detections"]?.list?.isEmpty == true)
      #expect(try workspace.zoo("predict", "detector.h5", "small.png", "--score", "2").status == 64)
    }

    /// Every value between the parts, by name.
    private func runs(_ workspace: Workspace) throws {
      var inputs = Weights()
      inputs["image"] = try Formula.tensor("image", [1, 3, 64, 96])
      try SafeTensors.write(inputs, to: workspace["x.safetensors"])
      func run(_ keep: String) throws -> Outcome {
        try workspace.zoo(
          "run", "detector.h5", "--input", "x.safetensors", "-o", "y.safetensors", "--json",
          "--keep", "layer1", "--keep", keep)
      }
      let good = try run("regions")
      #expect(good.status == 0 && good.errors.isEmpty, "\(good.errors)")
      let outputs = try #require(try good.json["outputs"])
      #expect(
        outputs.keys == ["objectness", "deltas", "scores", "boxes", "layer1", "regions"])
      #expect(outputs["layer1"]?.list?.map(\.integer) == [1, 256, 16, 24])
      let regions = (outputs["regions"]?.list ?? []).compactMap(\.integer)
      #expect(regions.count == 2)
      #expect(outputs["scores"]?.list?.map(\.integer) == [regions[0], 91])
      #expect(regions[1] == 5 && regions[0] > 10)
      let wrong = try run("regoins")
      #expect(wrong.status == 66 && wrong.error?.contains("regions") == true, "\(wrong.errors)")
    }
  }
}
