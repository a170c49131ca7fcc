import Foundation
import ModelZoo
import TestSupport
import Testing

extension CommandLineTests {
  /// A detector trained with every default on a few pictures finds what is in others.
  @Suite struct DetectorLearningTests {
    private let space = Workspace()

    init() throws {
      try write(80, to: "things", seed: 1)
      try write(40, to: "others", seed: 2)
    }

    /// Noise with one to three rectangles on it, wide red ones and tall blue ones, each in its own
    /// column, as VOC in two folders.
    private func write(_ count: Int, to folder: String, seed: UInt64) throws {
      for part in ["images", "annotations"] {
        try FileManager.default.createDirectory(
          atPath: space["\(folder)/\(part)"], withIntermediateDirectories: true)
      }
      let (width, height) = (128, 96)
      for index in 0..<count {
        let random = Random(seed: seed).key(index)
        var pixels = (0..<width * height * 3).map { UInt8(70 + random.below(60, $0)) }
        var objects = ""
        for column in 0...random.key("count").below(3, 0) {
          let place = random.key("place").key(column)
          let isWide = place.below(2, 0) == 0
          let (w, h) = isWide ? (30 + place.below(8, 1), 18) : (16, 32 + place.below(12, 1))
          let (x, y) = (column * 42 + place.below(42 - w, 2), place.below(height - h, 3))
          for row in y..<y + h {
            for column in x..<x + w {
              pixels[3 * (row * width + column) + (isWide ? 0 : 2)] = 230
            }
          }
          objects += """
            <object><name>\(isWide ? "brick" : "pole")</name><bndbox><xmin>\(x)</xmin>\
            <ymin>\(y)</ymin><xmax>\(x + w)</xmax><ymax>\(y + h)</ymax></bndbox></object>
            """
        }
        try Picture(width: width, height: height, channels: 3, pixels: pixels)
          .write(png: space["\(folder)/images/\(index).png"])
        try space.write(
          """
          <annotation><size><width>\(width)</width><height>\(height)</height></size>\(objects)\
          </annotation>
          """, to: "\(folder)/annotations/\(index).xml")
      }
    }

    @Test func findsBoxesWithEveryDefault() throws {
      let run = try space.zoo(
        ["finetune", "yolov4-tiny-half.scenes", "--data", "things", "-o", "run"], limit: 200)
      #expect(run.status == 0, "\(run.errors.suffix(500))")

      let info = try space.zoo("info", "run/best.h5", "--json").json
      let threshold = try #require(info["threshold"]?.number)
      #expect(try space.zoo("info", "run/best.h5").output.contains("threshold"))
      #expect(0 < threshold && threshold < 1)

      // The stored threshold serves pictures that did not choose it.
      let judged = try space.zoo(
        "evaluate", "run/best.h5", "--data", "others", "--json", "--csv", "boxes.csv")
      #expect(judged.status == 0, "\(judged.errors)")
      let metrics = try #require(try judged.json["metrics"])
      #expect(metrics["threshold"]?.number == threshold)
      let (f1, best) = (metrics["f1AtThreshold"]?.number ?? 0, metrics["bestF1"]?.number ?? 1)
      #expect(f1 > 0.8 && f1 >= 0.95 * best, "F1 \(f1) at \(threshold), best \(best)")

      try tableCounts(metrics)
      let shown = try space.zoo(
        ["predict", "run/best.h5", "--json"] + (0..<12).map { "others/images/\($0).png" })
      let found = try #require(try shown.json["results"]?.list)
      let counts = found.map { $0["detections"]?.list?.count ?? 0 }
      #expect(counts.reduce(0, +) >= 12, "\(counts)")
    }

    /// Options that apply are taken, in any data layout, and others are refused with a reason.
    @Test func optionsAndFolders() throws {
      let base = ["finetune", "yolov4-tiny-half.scenes", "--steps", "2", "--quiet"]
      let folders = ["--images", "things/images", "--annotations", "things/annotations"]
      let run = try space.zoo(
        base + folders + [
          "-o", "run", "--class", "brick=thing", "--class", "pole=thing", "--class-weights",
          "balanced", "--focal-gamma", "1.5", "--focal-alpha", "0.4", "--json",
        ])
      #expect(run.status == 0, "\(run.errors)")
      #expect(try run.json["classes"]?.list?.compactMap(\.string) == ["thing"])
      // The recipe repeats it.
      let again = try space.zoo("train", "run/run.json", "-o", "again", "--quiet", "--json")
      #expect(again.status == 0, "\(again.errors)")
      #expect(
        try Data(contentsOf: URL(filePath: space["run/last.h5"]))
          == Data(contentsOf: URL(filePath: space["again/last.h5"])))
      let judged = try space.zoo(
        ["evaluate", "run/best.h5", "--class", "brick=thing", "--class", "pole=thing", "--json"]
          + folders)
      #expect(judged.status == 0, "\(judged.errors)")
      for (arguments, status, part) in [
        (base + folders + ["-o", "x", "--data", "things"], Int32(64), "instead of --data"),
        (base + ["-o", "x", "--images", "things/images"], 64, "belong together"),
        (base + ["-o", "x"], 64, "--data DIR is missing"),
        (base + folders + ["-o", "x", "--class", "brik=a"], 66, "did you mean brick?"),
        (base + folders + ["-o", "x", "--class", "brick"], 64, "--class wants OLD=NEW"),
        (base + folders + ["-o", "x", "--focal-alpha", "0.4"], 64, "needs “focal-gamma”"),
        (base + folders + ["-o", "x", "--loss", "focal"], 64, "“loss” does not apply"),
        (base + folders + ["-o", "x", "--label-smoothing", "0.1"], 64, "segmentation only"),
        (["evaluate", "run/best.h5"] + folders, 65, "brick, pole"),
      ] {
        let outcome = try space.zoo(arguments)
        #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
        let last = outcome.errors.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
        #expect(last.contains(part), "\(arguments): \(last)")
      }
    }

    /// The table has an outcome for every box, and a row for each that was missed.
    private func tableCounts(_ metrics: JSON) throws {
      let lines = try String(contentsOfFile: space["boxes.csv"], encoding: .utf8)
        .split(whereSeparator: \.isNewline).map(String.init)
      #expect(lines.first == "image,class,score,x0,y0,x1,y1,outcome")
      func count(_ outcome: String) -> Double {
        Double(lines.count { $0.hasSuffix(",\(outcome)") })
      }
      let (right, wrong, missed) = (count("TP"), count("FP"), count("missed"))
      #expect(right + wrong + missed + count("below threshold") == Double(lines.count - 1))
      #expect(right > 0)
      #expect(metrics["precisionAtThreshold"]?.number == right / (right + wrong))
      #expect(metrics["recallAtThreshold"]?.number == right / (right + missed))
    }
  }
}
