import Foundation
import ModelZoo
import TestSupport
import Testing

extension CommandLineTests {
  @Suite struct MapTests {
    private static let weights =
      GoldenFile.folder.appending(path: "../../Weights").standardizedFileURL.path
    private let model = "\(weights)/resnet20.fashion.h5"

    /// Pictures of stripes in two classes: `data/train/a/0.png` and so on.
    private func workspace(train: Int = 6, val: Int = 2, classes: [String] = ["a", "b"]) throws
      -> Workspace
    {
      let workspace = Workspace()
      workspace.environment["ZOO_SHARE"] = Self.weights
      for (split, count) in [("train", train), ("val", val)] {
        for (kind, label) in classes.enumerated() {
          for index in 0..<count {
            try stripes("data/\(split)/\(label)/\(index).png", kind, index, split, workspace)
          }
        }
      }
      return workspace
    }

    private func stripes(
      _ path: String, _ kind: Int, _ index: Int, _ split: String, _ workspace: Workspace
    ) throws {
      try FileManager.default.createDirectory(
        at: URL(filePath: workspace[path]).deletingLastPathComponent(),
        withIntermediateDirectories: true)
      let width = 3 + index + (split == "val" ? 20 : 0)
      let pixels = (0..<36 * 36).flatMap { pixel -> [UInt8] in
        let place = kind == 0 ? pixel % 36 : pixel / 36
        let noise = Formula.unit("\(split)\(kind)\(index)", pixel)
        let level = UInt8(127 + Float(place / width % 2 == 0 ? 60 : -60) + 60 * noise)
        return [level, level, UInt8(40 * kind)]
      }
      try Picture(width: 36, height: 36, channels: 3, pixels: pixels).write(png: workspace[path])
    }

    @Test func neighboursAreFound() throws {
      let workspace = try workspace()
      let words = ["neighbours", model, "data/val/a/1.png", "--data", "data", "--quiet"]
      let run = try workspace.zoo(
        words + ["--index", "index.h5", "--top", "3", "-o", "sheet.png", "--json"])
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      #expect(
        try run.json.keys == [
          "model", "data", "count", "stage", "metric", "results", "index", "sheet",
        ])
      #expect(try run.json["count"]?.integer == 16)
      let result = try #require(try run.json["results"]?.list?.first)
      #expect(result.keys == ["image", "features", "pixels"])
      for list in ["features", "pixels"] {
        let found = try #require(result[list]?.list)
        #expect(found.count == 3 && found[0].keys == ["image", "split", "class", "distance"])
        // The picture itself is in the data.
        #expect(found[0]["image"]?.string == "val/a/1.png" && found[0]["class"]?.string == "a")
        let distances = found.compactMap { $0["distance"]?.number }
        #expect(distances[0] < 1e-6 && distances == distances.sorted() && distances[1] > 1e-4)
      }
      #expect(workspace.has("sheet.png"))

      let before = try Data(contentsOf: URL(filePath: workspace["index.h5"]))
      let again = try workspace.zoo(
        words + ["--index", "index.h5", "--top", "3", "-o", "sheet.png", "--json"])
      #expect(again.output == run.output)
      // The same through Swift.
      let known = try Model(contentsOf: model, registry: .linked())
      let found = try known.neighbours(
        of: Picture(contentsOf: workspace["data/val/a/1.png"]),
        in: FeatureIndex(contentsOf: workspace["index.h5"]), top: 3)
      #expect(
        found.byFeatures.map(\.name)
          == result["features"]?.list?.compactMap { $0["image"]?.string })

      // An index of another stage, model or data is refused and kept.
      let others: [([String], String)] = [
        (["--stage", "layer1"], "layer1"),
        (["--data", "data/train"], "other pictures"),
      ]
      for (more, part) in others {
        var words = words + ["--index", "index.h5"]
        if more[0] == "--data" { words.removeSubrange(3...4) }
        let run = try workspace.zoo(words + more)
        #expect(run.status == 65 && run.error?.contains(part) == true, "\(run.errors)")
      }
      var foreign = words + ["--index", "index.h5"]
      foreign[1] = "\(Self.weights)/vgg9_bn.fashion.h5"
      let other = try workspace.zoo(foreign + ["--stage", "classifier"])
      #expect(other.status == 64 || other.status == 65)
      #expect(try Data(contentsOf: URL(filePath: workspace["index.h5"])) == before)

      // A flipped bit in the numbers.
      var damaged = before
      let place = try #require(
        damaged.range(of: Data([0x66, 0x65, 0x61, 0x74]))?.lowerBound
      ).advanced(by: 4096)
      damaged[place] ^= 1
      try workspace.write(damaged, to: "index.h5")
      let broken = try workspace.zoo(words + ["--index", "index.h5"])
      #expect(broken.status == 65 && broken.error?.contains("index.h5") == true, "\(broken.errors)")
      try FileManager.default.removeItem(atPath: workspace["index.h5"])
      try FileManager.default.copyItem(atPath: model, toPath: workspace["index.h5"])
      let checkpoint = try workspace.zoo(words + ["--index", "index.h5"])
      #expect(
        checkpoint.status == 65 && checkpoint.error?.contains("not an index") == true,
        "\(checkpoint.errors)")
    }

    @Test func copiesAcrossSplitsAreListed() throws {
      let workspace = try workspace()
      try FileManager.default.copyItem(
        atPath: workspace["data/train/a/2.png"], toPath: workspace["data/val/b/copy.png"])
      let run = try workspace.zoo(
        "neighbours", model, "--data", "data", "--duplicates", "--threshold", "1e-6", "-o",
        "sheet.png", "--json", "--quiet")
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      let pairs = try #require(try run.json["pairs"]?.list)
      #expect(pairs.count == 1)
      #expect(
        pairs[0].keys == ["pictures", "distance", "acrossSplits", "differentClasses"])
      #expect(
        pairs[0]["pictures"]?.list?.compactMap(\.string) == ["train/a/2.png", "val/b/copy.png"])
      #expect(pairs[0]["acrossSplits"]?.bool == true && pairs[0]["differentClasses"]?.bool == true)
      #expect(workspace.has("sheet.png"))
      let text = try workspace.zoo(
        "neighbours", model, "--data", "data", "--duplicates", "--threshold", "1e-6", "--quiet")
      #expect(text.output.contains("in two splits, of two classes"))
    }

    @Test(arguments: [
      (["neighbours", "data/val/a/0.png", "--stage", "lyer3"], 64, "layer3"),
      (["neighbours"], 64, "IMAGE"),
      (["neighbours", "data/val/a/0.png", "--duplicates"], 64, "leave out"),
      (["neighbours", "data/val/a/0.png", "--threshold", "1"], 64, "--duplicates"),
      (["neighbours", "--duplicates", "--metric", "l2"], 64, "--threshold"),
      (["neighbours", "none.png"], 66, "none.png"),
      (["neighbours", "broken.png"], 65, "broken.png"),
      (["map", "-o", "map.html", "--stage", "lyer3"], 64, "layer3"),
      (["map"], 64, "MAP.html"),
      (["map", "-o", "map.html", "--clusters", "17"], 64, "16 pictures"),
      (["map", "-o", "map.html", "--perplexity", "16"], 64, "15"),
      (["map", "-o", "none/map.html"], 73, "none"),
    ])
    func refusesWithReasons(words: [String], status: Int32, part: String) throws {
      let workspace = try workspace()
      try workspace.write("no picture", to: "broken.png")
      let run = try workspace.zoo(
        [words[0], model] + words.dropFirst() + ["--data", "data", "--quiet"])
      #expect(run.status == status, "\(words): \(run.errors)")
      #expect(run.error?.contains(part) == true, "\(words): \(run.errors)")
    }

    @Test func mapsAreTheSameOnAnyNumberOfThreads() throws {
      let workspace = try workspace()
      let words = ["map", model, "--data", "data", "--iterations", "300", "--quiet"]
      for threads in [1, 2] {
        let run = try workspace.zoo(
          words + ["-o", "\(threads).html", "--csv", "\(threads).csv", "--threads", "\(threads)"])
        #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      }
      func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: URL(filePath: workspace[name]))
      }
      #expect(try bytes("1.csv") == bytes("2.csv"))
      // The page states its own name in the command that repeats it.
      let page = String(decoding: try bytes("1.html"), as: UTF8.self)
      let other = String(decoding: try bytes("2.html"), as: UTF8.self)
      #expect(page == other.replacing("2.html", with: "1.html"))
      #expect(page.components(separatedBy: "<circle ").count == 33)
      for part in ["<link", "@import", "src=\"http", "href=\"http", "url(", "fetch("] {
        #expect(!page.contains(part), "\(part)")
      }

      let run = try workspace.zoo(words + ["-o", "map.svg", "--json"])
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      #expect(
        try run.json.keys == [
          "data", "map", "csv", "model", "stage", "count", "components", "clusters", "tsne",
          "points",
        ])
      let points = try #require(try run.json["points"]?.list)
      #expect(points.count == 16)
      #expect(
        points[0].keys == ["image", "split", "class", "cluster", "x", "y", "pc1", "pc2"])
      #expect(try run.json["clusters"]?["count"]?.integer == 2)
      let table = String(decoding: try bytes("1.csv"), as: UTF8.self)
      #expect(table.contains("\(try #require(points[0]["x"]?.number))"))
      let drawing = String(decoding: try bytes("map.svg"), as: UTF8.self)
      #expect(drawing.hasPrefix("<svg ") && drawing.components(separatedBy: "<circle ").count == 17)
      #expect(drawing.contains("data:image/jpeg;base64,"))
    }

    @Test func smallAndPlainDataIsMapped() throws {
      let one = try workspace(train: 5, val: 0, classes: ["only"])
      let run = try one.zoo("map", model, "--data", "data", "-o", "map.html", "--json", "--quiet")
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      #expect(try run.json["clusters"]?["count"]?.integer ?? 0 >= 2)
      let three = try workspace(train: 3, val: 0, classes: ["only"])
      let small = try three.zoo("map", model, "--data", "data", "--csv", "map.csv", "--quiet")
      #expect(small.status == 0 && small.output == "map.csv\n", "\(small.errors)")
      let two = try workspace(train: 1, val: 0)
      let none = try two.zoo("map", model, "--data", "data", "-o", "map.html", "--quiet")
      #expect(none.status == 65 && none.error?.contains("three pictures") == true, "\(none.errors)")
      try one.write("no picture", to: "data/train/only/4.png")
      let broken = try one.zoo("map", model, "--data", "data", "-o", "map.html", "--quiet")
      #expect(broken.status == 65 && broken.error?.contains("4.png") == true, "\(broken.errors)")
    }
  }
}
