import Foundation
import ModelZoo
import TestSupport
import Testing

extension CommandLineTests {
  @Suite struct RegressionTests {
    /// Grey squares on a black ground, with their level and side in a table.
    private func squares(in workspace: Workspace, named name: String) throws {
      mkdir(workspace[name], 0o777)
      var table = "file,level,side\n"
      for item in 0..<24 {
        let (level, side) = (60 + 8 * (item * 7 % 24), 8 + item * 5 % 24)
        let pixels = (0..<32 * 32).map { place -> UInt8 in
          place / 32 < side && place % 32 < side ? UInt8(level) : 0
        }
        try Picture(width: 32, height: 32, channels: 1, pixels: pixels)
          .write(png: workspace["\(name)/\(item).png"])
        table += "\(item).png,\(level),\(side)\n"
      }
      try workspace.write(table, to: "\(name)/values.csv")
    }

    @Test func learnsNumbers() throws {
      let workspace = Workspace()
      try squares(in: workspace, named: "squares")
      let run = try workspace.zoo(
        "finetune", "resnet20", "--scratch", "--head", "linear", "--data", "squares", "-o", "run",
        "--epochs", "40", "--batch", "6", "--lr", "0.003", "--augment", "none", "--json")
      #expect(run.status == 0, "\(run.errors)")
      let trained = try run.json
      #expect(trained["classes"]?.list?.compactMap(\.string) == ["level", "side"])
      #expect(trained["best"]?["metrics"]?.keys == ["r2", "mae", "rmse"])
      try predicts(workspace)
      try evaluates(workspace)
      #expect(try workspace.zoo("verify", "run/best.h5").status == 0)
      #expect(
        try workspace.zoo("export", "run/best.h5", "--format", "safetensors", "-o", "x.safetensors")
          .status == 0)
      // The head is the family's, and the export says what its numbers mean.
      #expect(
        try SafeTensors(workspace["x.safetensors"]).tensors.contains { $0.name == "linear.bias" })
      let back = try workspace.zoo("import", "x.safetensors", "-o", "back.h5")
      #expect(back.status == 0, "\(back.errors)")
      let answers = try ["run/best.h5", "back.h5"].map {
        try workspace.zoo("predict", $0, "squares/0.png", "--json").json["results"]?.text()
      }
      #expect(answers[0] == answers[1] && answers[0] != nil)
      let info = try workspace.zoo("info", "run/best.h5", "--json").json
      #expect(info["task"]?.string == "regression" && info["family"]?.string == "ResNet")
    }

    /// Predictions are in the units of the table.
    private func predicts(_ workspace: Workspace) throws {
      let run = try workspace.zoo(
        "predict", "run/best.h5", "squares/0.png", "squares/3.png", "--draw", "drawn", "--json")
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      let results = try #require(try run.json["results"]?.list)
      #expect(results.map(\.keys) == [["image", "values"], ["image", "values"]])
      for (result, truth) in zip(results, [(60.0, 8.0), (228.0, 23.0)]) {
        let values = try #require(result["values"])
        #expect(values.keys == ["level", "side"])
        #expect(abs((values["level"]?.number ?? .infinity) - truth.0) < 60)
        #expect(abs((values["side"]?.number ?? .infinity) - truth.1) < 8)
      }
      #expect(workspace.has("drawn/0.png") && workspace.has("drawn/3.png"))
      let text = try workspace.zoo("predict", "run/best.h5", "squares/0.png")
      #expect(text.status == 0 && text.output.contains("level") && text.output.contains("side"))
      #expect(
        try workspace.zoo("predict", "run/best.h5", "squares/0.png", "--top", "1").status == 64)
    }

    private func evaluates(_ workspace: Workspace) throws {
      let run = try workspace.zoo(
        "evaluate", "run/best.h5", "--data", "squares", "--csv", "answers.csv", "--json")
      #expect(run.status == 0, "\(run.errors)")
      let report = try run.json
      // A fifth of 24 was held out.
      #expect(report["task"]?.string == "regression" && report["count"]?.integer == 5)
      #expect((report["metrics"]?["r2"]?.number ?? 0) > 0.7, "\(run.output)")
      #expect(report["perClass"]?.list?.map { $0["class"]?.string } == ["level", "side"])
      let lines = try String(contentsOfFile: workspace["answers.csv"], encoding: .utf8)
        .split(whereSeparator: \.isNewline)
      #expect(lines.count == 6 && lines[0] == "image,level,true level,side,true side")
      // The columns are matched by name, and one that is missing is an error.
      try workspace.write("file,level\n0.png,60\n1.png,116\n", to: "squares/values.csv")
      let other = try workspace.zoo("evaluate", "run/best.h5", "--data", "squares")
      #expect(
        other.status == 65 && other.errors.contains("predicts level, side"), "\(other.errors)")
    }

    /// The scope in the help is the one that counts.
    @Test func refusesWhatIsForClasses() throws {
      let workspace = try Workspace.furnished()
      try squares(in: workspace, named: "squares")
      for (option, value, scope) in [
        ("label-smoothing", "0.1", "classification and segmentation only"),
        ("class-weights", "balanced", "classification and detection only"),
        ("focal-gamma", "2", "not for regression"),
      ] {
        let run = try workspace.zoo(
          "finetune", "small.h5", "--data", "squares", "-o", "run", "--\(option)", value)
        #expect(run.status == 64, "\(option)")
        let reason = scope.hasPrefix("not") ? "does not apply to regression" : "is for \(scope)"
        #expect(run.errors.contains("“\(option)” \(reason)"), "\(run.errors)")
        let setting = try #require(Setting.all.first { $0.name == option })
        #expect(setting.help.hasSuffix(scope))
      }
    }

    /// A classifier gets a head for the numbers, and keeps everything else.
    @Test func tunesAClassifier() throws {
      let workspace = try Workspace.furnished()
      try squares(in: workspace, named: "squares")
      let run = try workspace.zoo(
        "finetune", "small.h5", "--data", "squares", "-o", "run", "--epochs", "2", "--json")
      #expect(run.status == 0, "\(run.errors)")
      let tuned = try Zoo().model(workspace["run/best.h5"])
      #expect(tuned.checkpoint.task == .regression)
      #expect(tuned.checkpoint.outputScale?.mean.count == 2)
      let start = try Zoo().model(workspace["small.h5"])
      let head = ["linear.weight", "linear.bias"]
      #expect(tuned.weights.names.sorted() == start.weights.names.sorted())
      for name in start.weights.names {
        let isKept = start.weights[name]?.values == tuned.weights[name]?.values
        #expect(isKept == !head.contains(name), "\(name)")
      }
      let wrong = try workspace.zoo(
        "finetune", "small.h5", "--data", "squares", "-o", "other", "--loss", "dice")
      #expect(wrong.status == 64 && wrong.errors.contains("smooth-l1"), "\(wrong.errors)")
    }
  }
}
