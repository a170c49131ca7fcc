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

    /// Two runs of two epochs, tested on eight pictures, of which ours classifies six correctly.
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
      for name in ["pretrained", "scratch", "word", "boxes", "areas"] { try folder("demo/\(name)") }
      let test = try #require(try Dataset.open(workspace["data"])["test"])
      for (name, sure) in [("pretrained", 6), ("scratch", 4)] {
        let record: JSON = [
          "machine": ["engine": "openblas", "threads": 1],
          "about": ["recipe": ["data": JSON(workspace["data"])]],
        ]
        try workspace.write(record.text(), to: "demo/\(name)/run.json")
        try workspace.write(
          "epoch,step,rate,loss,accuracy\n1,2,0.1,0.7,0.5\n2,4,0.1,nan,0.\(sure)\n",
          to: "demo/\(name)/log.csv")
        func quoted(_ cell: String) -> String { "\"\(cell.replacing("\"", with: "\"\""))\"" }
        let names = DemoPageTests.classes.map(quoted)
        var table = "image,truth,predicted,\(names.joined(separator: ","))\r\n"
        for (index, item) in test.items.enumerated() {
          let truth = index / 4
          let said = index < sure ? truth : 1 - truth
          let scores = said == 0 ? ["0.75", "0.25"] : ["0.25", "0.75"]
          let cells = [quoted(item.name), names[truth], names[said]] + scores
          table += cells.joined(separator: ",") + "\r\n"
        }
        try workspace.write(table, to: "demo/\(name).csv")
      }
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

    private func page(_ workspace: Workspace) throws -> String {
      let run = try workspace.workshop("page", "demo", "-o", "index.html")
      #expect(run.status == 0 && run.output.isEmpty && run.errors.isEmpty, "\(run.errors)")
      return try String(contentsOfFile: workspace["index.html"], encoding: .utf8)
    }

    @Test func everyTagIsClosed() throws {
      let page = try page(workspace())
      #expect(page.hasPrefix("<!DOCTYPE html>\n"))
      var open: [Substring] = []
      let tags = page.dropFirst(15).matches(of: /<(\/?)([a-zA-Z0-9]+)([^<>]*)>/)
      for tag in tags {
        if tag.1 == "/" {
          #expect(open.popLast() == tag.2)
        } else if !tag.3.hasSuffix("/") {
          open.append(tag.2)
        }
      }
      #expect(open.isEmpty)
      #expect(tags.count == page.dropFirst(15).count { $0 == "<" })
      // Attributes too: nothing is left of a tag without them.
      for tag in tags {
        let rest = tag.3.replacing(/\s[a-zA-Z-]+="[^"]*"/, with: "")
        #expect(["", "/"].contains(rest), "\(tag.0)")
      }
    }

    @Test func needsNothingElse() throws {
      let page = try page(workspace())
      #expect(!page.contains("<script") && !page.contains("://") && !page.contains("href"))
      #expect(!page.contains("url(") && !page.contains("@import") && !page.contains("<link"))
      let sources = page.matches(of: /src="([^"]{0,22})/)
      // Eight test pictures, one for the class, and three of the scene.
      #expect(sources.count == 12)
      #expect(sources.allSatisfy { $0.1 == "data:image/png;base64," })
    }

    @Test func saysWhatTheVerbsFound() throws {
      let workspace = try workspace()
      let page = try page(workspace)
      #expect(page.contains("<dd>75.0 %</dd>") && page.contains("<dd>50.0 %</dd>"))
      #expect(page.contains("training pictures, 2 of"))
      #expect(page.contains("after 0.5 seconds") && page.contains("after 1.3 seconds"))
      // Ours takes two of the second class for the first: 4 0, 2 2.
      let counts = page.matches(of: /<td style="--share:([0-9.]+)"><b>([0-9]+)<\/b>/)
      #expect(counts.map { String($0.2) } == ["4", "0", "2", "2", "4", "0", "4", "0"])
      #expect(counts.prefix(4).map { String($0.1) } == ["1.000", "0.000", "0.500", "0.500"])
      #expect(page.contains("<h3>6 correct</h3>") && page.contains("<h3>2 wrong</h3>"))
      #expect(page.contains("area 0.750") && page.contains("area 0.500"))
      #expect(page.contains("91.3 <small>top1</small>") && page.contains("5.6 M"))
      #expect(page.contains("bag 88 %"))
      #expect(page.contains("model of areas") && page.contains("shoe 25 %"))
      // The last epoch has no loss, and the curve is drawn without it.
      #expect(!page.contains(/[ M]nan/) && !page.contains("inf"))
      // Class names are escaped.
      #expect(page.contains("Hat &lt;b&gt; &amp; scarf") && !page.contains("Hat <b>"))
      #expect(page.contains("Coat, &quot;warm&quot;"))
      // Pictures are embedded unchanged.
      let bytes = try Data(contentsOf: URL(filePath: workspace["demo/boxes/a.png"]))
      #expect(page.contains("base64,\(bytes.base64EncodedString())\""))
    }

    @Test(arguments: ["list.json", "commands", "pretrained.csv", "scratch/log.csv", "areas/a.png"])
    func namesWhatIsMissing(_ file: String) throws {
      let workspace = try workspace()
      try FileManager.default.removeItem(atPath: workspace["demo/\(file)"])
      let run = try workspace.workshop("page", "demo", "-o", "index.html")
      #expect(run.status == 66 && run.errors.contains("demo/\(file)"), "\(run.errors)")
      #expect(!workspace.has("index.html"))
    }

    @Test func namesWhatIsBroken() throws {
      let workspace = try workspace()
      try workspace.write("image,truth,predicted,a,b\r\nx,a\r\n", to: "demo/scratch.csv")
      let run = try workspace.workshop("page", "demo", "-o", "index.html")
      #expect(run.status == 65)
      #expect(run.errors.hasSuffix("demo/scratch.csv: row 1 has 2 cells; expected 5\n"))
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
