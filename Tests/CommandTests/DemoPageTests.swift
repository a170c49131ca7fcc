import Foundation
import ModelZoo
import TestSupport
import Testing

extension CommandLineTests {
  /// The page of `make demo`, made from a small folder like the one its commands write.
  @Suite struct DemoPageTests {
    /// Names that would be markup without escaping.
    private static let classes = ["Coat, \"warm\"", "Hat <b> & scarf"]

    private func picture(_ seed: Int) throws -> Picture {
      try Picture(
        width: 12, height: 12, channels: 1, pixels: (0..<144).map { UInt8($0 * seed >> 2 & 255) })
    }

    /// Two runs of an epoch, tested on eight pictures.
    private func workspace() throws -> Workspace {
      let workspace = Workspace()
      func folder(_ name: String) throws {
        try FileManager.default.createDirectory(
          atPath: workspace[name], withIntermediateDirectories: true)
      }
      for (split, count) in [("train", 2), ("val", 1), ("test", 4)] {
        for (label, name) in DemoPageTests.classes.enumerated() {
          try folder("data/\(split)/\(name)")
          for index in 0..<count {
            try picture(7 * index + label + 3).write(
              png: workspace["data/\(split)/\(name)/\(index).png"])
          }
        }
      }
      for name in ["word", "boxes", "areas"] { try folder("demo/\(name)") }
      for (name, more) in [("pretrained", []), ("scratch", ["--scratch"])] {
        let run = try workspace.zoo(
          [
            "finetune", "resnet20.fashion-eight", "--data", "data", "-o", "demo/\(name)",
            "--epochs", "1", "--batch", "2", "--freeze", "none", "--quiet",
          ] + more)
        try #require(run.status == 0, "\(run.errors)")
      }
      try workspace.write(#"{"metrics": {"accuracy": 0.5}}"#, to: "demo/scratch.json")
      try workspace.write(
        "0.50 zoo finetune a -o demo/pretrained\n1.25 zoo finetune a -o demo/scratch --scratch\n",
        to: "demo/commands")
      let listing: JSON = [
        [
          "name": "a", "variant": "a", "family": "A", "task": "classification",
          "parameters": 1234, "macs": 5_600_000, "license": nil, "metrics": ["top1": 91.25],
          "installed": true,
        ]
      ]
      try workspace.write(listing.text(), to: "demo/list.json")
      try picture(5).write(png: workspace["a.png"])
      let found: [(String, String, JSON)] = [
        ("word", "top", ["class": "coat", "index": 0, "probability": 0.5]),
        (
          "boxes", "detections", ["class": "bag", "index": 1, "score": 0.875, "box": [0, 0, 5, 5]]
        ),
        ("areas", "classes", ["class": "shoe", "index": 2, "fraction": 0.25]),
      ]
      for (name, key, thing) in found {
        let result = JSON(.object([("image", "a.png"), (key, JSON([thing]))]))
        try workspace.write(
          (["model": JSON("model of \(name)"), "results": JSON([result])] as JSON).text(),
          to: "demo/\(name).json")
        try picture(9).write(png: workspace["demo/\(name)/a.png"])
      }
      return workspace
    }

    private func page(_ workspace: Workspace) throws -> WrittenPage {
      let run = try workspace.workshop("page", "demo", "-o", "index.html")
      #expect(run.status == 0 && run.output.isEmpty && run.errors.isEmpty, "\(run.errors)")
      return try WrittenPage(workspace["index.html"])
    }

    /// The report on the run, with the demo's own words and sections around it.
    @Test func saysWhatTheVerbsFound() throws {
      let workspace = try workspace()
      let page = try page(workspace)
      page.check()
      #expect(page.titles.first == "Transfer learning")
      #expect(page.titles.suffix(3) == ["Classes, boxes, areas", "The zoo", "The commands"])
      let judged = try workspace.zoo(
        "report", "demo/pretrained", "--split", "test", "-o", "report.html", "--json", "--quiet")
      #expect(judged.status == 0, "\(judged.errors)")
      let report = try WrittenPage(workspace["report.html"])
      #expect(page.titles.dropFirst().dropLast(3) == report.titles[...])
      let accuracy = try #require(try judged.json["metrics"]?["accuracy"]?.number)
      #expect(page.text.contains("<dd>\(decimal(accuracy * 100, digits: 1)) %</dd>"))
      #expect(page.text.contains("<dd>50.0 %</dd>"))
      #expect(page.text.contains("training pictures, 2 of"))
      #expect(
        page.text.contains("after 0.5 seconds") && page.text.contains("after 1.3 seconds"))
      #expect(page.text.contains("91.3 <small>top1</small>") && page.text.contains("5.6 M"))
      #expect(page.text.contains("bag 88 %"))
      #expect(page.text.contains("model of areas") && page.text.contains("shoe 25 %"))
      #expect(page.text.contains("Hat &lt;b&gt; &amp; scarf") && !page.text.contains("Hat <b>"))
      #expect(page.text.contains("Coat, &quot;warm&quot;"))
    }

    @Test func namesWhatIsMissing() throws {
      let workspace = try workspace()
      for file in ["list.json", "commands", "scratch.json", "areas/a.png", "pretrained/best.h5"] {
        let (here, away) = (workspace["demo/\(file)"], workspace["away"])
        try FileManager.default.moveItem(atPath: here, toPath: away)
        let run = try workspace.workshop("page", "demo", "-o", "index.html")
        #expect(run.status == 66 && run.errors.contains("demo/\(file)"), "\(run.errors)")
        #expect(!workspace.has("index.html"))
        try FileManager.default.moveItem(atPath: away, toPath: here)
      }
      try workspace.write("{}", to: "demo/scratch.json")
      let run = try workspace.workshop("page", "demo", "-o", "index.html")
      #expect(run.status == 65 && run.errors.contains("demo/scratch.json"))
    }

    private static let hasBrowser = ["/usr/bin", "/usr/local/bin"].contains {
      access("\($0)/chromium", X_OK) == 0
    }

    /// A browser renders it, also at phone size, and in other colours in dark mode.
    @Test(.enabled(if: hasBrowser, "chromium is not here"))
    func isDrawn() throws {
      let workspace = try workspace()
      _ = try page(workspace)
      func screen(_ name: String, width: Int, dark: Bool) throws -> Picture {
        let run = try workspace.zoo(
          [],
          under: [
            "sh", "-c",
            """
            exec chromium --headless --no-sandbox --disable-gpu --hide-scrollbars \
            --blink-settings=preferredColorScheme=\(dark ? 0 : 1) --window-size=\(width),1200 \
            --user-data-dir=profile-\(name) --screenshot=\(name).png "file://$PWD/index.html"
            """,
          ])
        try #require(run.status == 0, "\(run.errors)")
        return try Picture(contentsOf: workspace["\(name).png"])
      }
      let light = try screen("light", width: 800, dark: false)
      let dark = try screen("dark", width: 500, dark: true)
      #expect(light.width == 800 && dark.width == 500)
      for (picture, paper) in [(light, UInt8(255)), (dark, UInt8(19))] {
        let pixels = picture.pixels
        #expect(pixels[0] == paper)
        var colours: Set<[UInt8]> = []
        for start in stride(from: 0, to: pixels.count, by: picture.channels) {
          colours.insert(Array(pixels[start..<start + 3]))
        }
        // Text has many shades, and the accent colour is among them.
        #expect(colours.count > 50)
        let accents = colours.filter { $0[0] > 150 && $0[1] < 110 && $0[2] < 110 }
        #expect(!accents.isEmpty)
      }
    }
  }
}
