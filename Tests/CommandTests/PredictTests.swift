import Foundation
import ModelZoo
import Testing

extension CommandLineTests {
  /// Many pictures: folders, lists, tables, and runs that go on.
  @Suite struct PredictTests {
    private static let names = ["2.png", "10.png", "deep/b.png", "deep/a/x.png", "other/y, z.png"]

    /// Pictures of several sizes in folders, `small.h5`, and `notes.txt` among them.
    private func furnished() throws -> Workspace {
      let workspace = try Workspace.furnished()
      for folder in ["photos/deep/a", "photos/other", "photos/.hidden", "empty"] {
        try FileManager.default.createDirectory(
          atPath: workspace[folder], withIntermediateDirectories: true)
      }
      for (index, name) in (Self.names + [".hidden/no.png"]).enumerated() {
        let (width, height) = (20 + 7 * index, 40 - 3 * index)
        try Picture(
          width: width, height: height, channels: 3,
          pixels: (0..<width * height * 3).map { UInt8(($0 + 31 * index) * 7919 >> 3 & 255) }
        ).write(png: workspace["photos/\(name)"])
      }
      try workspace.write("not a picture", to: "photos/notes.txt")
      return workspace
    }

    private func paths(_ names: [String]) -> [String] { names.map { "photos/\($0)" } }

    private func images(_ run: Outcome) throws -> [String] {
      try #require(run.json["results"]?.list).compactMap { $0["image"]?.string }
    }

    /// The rows of a table without quotes in its cells, but in names.
    private func rows(_ workspace: Workspace, _ name: String) throws -> [String] {
      try String(contentsOfFile: workspace[name], encoding: .utf8).components(separatedBy: "\r\n")
        .filter { !$0.isEmpty }
    }

    @Test func foldersAndListsNamePictures() throws {
      let workspace = try furnished()
      let folder = try workspace.zoo("predict", "small.h5", "photos", "--json")
      #expect(folder.status == 0 && folder.errors.isEmpty, "\(folder.errors)")
      #expect(try images(folder) == paths(Self.names))
      try workspace.write("photos/10.png\n\nphotos/deep\r\n", to: "list.txt")
      let listed = paths(["10.png", "deep/b.png", "deep/a/x.png"])
      let list = try workspace.zoo("predict", "small.h5", "small.png", "@list.txt", "--json")
      #expect(try images(list) == ["small.png"] + listed)
      let input = try workspace.zoo(
        ["predict", "small.h5", "-", "--json"],
        under: ["sh", "-c", #""$0" "$@" <list.txt"#])
      #expect(try images(input) == listed)
    }

    @Test func whatNamesNothingIsAnError() throws {
      let workspace = try furnished()
      for words in [["empty"], ["@notes.txt"], ["-"], ["@empty"]] {
        try workspace.write("\n", to: "notes.txt")
        let run = try workspace.zoo(["predict", "small.h5"] + words)
        #expect(run.status == 66 && run.error != nil, "\(words): \(run.errors)")
      }
      #expect(try workspace.zoo("predict", "small.h5", "photos", "--resume").status == 64)
      #expect(try workspace.zoo("predict", "small.h5", "photos", "--batch", "0").status == 64)
      let none = try workspace.zoo("predict", "small.h5", "photos", "--csv", "none/x.csv")
      #expect(none.status == 73 && none.error?.contains("none/x.csv") == true)
    }

    /// Batches, threads and company do not change an answer.
    @Test func batchesGiveTheSameAnswers() throws {
      let workspace = try furnished()
      func probabilities(_ words: [String]) throws -> [Double] {
        let run = try workspace.zoo(["predict", "small.h5", "photos", "--json"] + words)
        return try #require(run.json["results"]?.list)
          .flatMap { $0["top"]?.list ?? [] }.compactMap { $0["probability"]?.number }
      }
      let usual = try probabilities([])
      #expect(usual.count == 25)
      for words in [["--batch", "1"], ["--batch", "3"], ["--batch", "64"], ["--threads", "5"]] {
        let others = try probabilities(words)
        #expect(zip(usual, others).allSatisfy { abs($0 - $1) < 1e-5 }, "\(words)")
      }
      let alone = try workspace.zoo("predict", "small.h5", "photos/deep/b.png", "--json")
      let top = alone.output.isEmpty ? nil : try alone.json["results"]?.list?.first?["top"]?.list
      let own = top?.compactMap { $0["probability"]?.number } ?? []
      #expect(own.count == 5 && zip(own, usual[10..<15]).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test func tableHoldsWhatJSONSays() throws {
      let workspace = try furnished()
      let run = try workspace.zoo(
        "predict", "small.h5", "photos", "--top", "2", "--csv", "a.csv", "--json")
      #expect(run.status == 0, "\(run.errors)")
      let rows = try rows(workspace, "a.csv")
      #expect(rows[0] == "image,class,probability,class 2,probability 2")
      let expected = try #require(run.json["results"]?.list).map { result -> String in
        let image = result["image"]?.string ?? ""
        let cells = (result["top"]?.list ?? []).flatMap {
          [$0["class"]?.string ?? "", String(Float($0["probability"]?.number ?? 0))]
        }
        return ([image.contains(",") ? "\"\(image)\"" : image] + cells).joined(separator: ",")
      }
      #expect(Array(rows.dropFirst()) == expected)
      let text = try workspace.zoo("predict", "small.h5", "photos", "--top", "2", "--csv", "b.csv")
      #expect(text.output == "b.csv  5 pictures\n")
      #expect(try self.rows(workspace, "b.csv") == rows)
    }

    /// Wherever a run ended, the next one makes the same file.
    @Test func resumesFromAnyByte() throws {
      let workspace = try furnished()
      let command = ["predict", "small.h5", "photos", "--csv", "a.csv"]
      #expect(try workspace.zoo(command).status == 0)
      let whole = try Data(contentsOf: URL(filePath: workspace["a.csv"]))
      let header = try #require(whole.firstIndex(of: 10)) + 1
      for count in stride(from: 0, through: whole.count, by: 61) where count == 0 || count >= header
      {
        try workspace.write(whole[..<count], to: "a.csv")
        let run = try workspace.zoo(command + ["--resume"])
        #expect(run.status == 0, "\(run.errors)")
        #expect(try Data(contentsOf: URL(filePath: workspace["a.csv"])) == whole, "from \(count)")
      }
      try workspace.write(whole[..<(header / 2)], to: "a.csv")
      let foreign = try workspace.zoo(command + ["--resume"])
      #expect(foreign.status == 65 && foreign.error?.contains("a.csv") == true, "\(foreign.errors)")
      let fresh = try workspace.zoo(command + ["--resume", "--top", "3"])
      #expect(fresh.status == 65)
    }

    @Test func anInterruptedTableIsWhole() throws {
      let workspace = try furnished()
      try workspace.write(String(repeating: "small.png\n", count: 200_000), to: "list.txt")
      let interrupting = #"""
        "$0" "$@" &
        until [ -s a.csv ] && [ "$(wc -l <a.csv)" -gt 2 ]; do sleep 0.05; kill -0 $! || exit 9; done
        kill -TERM $!
        wait $!
        """#
      let run = try workspace.zoo(
        ["predict", "small.h5", "@list.txt", "--csv", "a.csv"], under: ["sh", "-c", interrupting])
      #expect(run.status == 143)
      #expect(run.error?.contains("--resume") == true, "\(run.errors)")
      let rows = try rows(workspace, "a.csv")
      #expect(rows.count > 2 && rows.count < 200_001)
      #expect(rows.allSatisfy { $0.split(separator: ",").count == 11 })
    }

    /// Broken pictures are reported, the others are in the table, and the next run tries them again.
    @Test func brokenPicturesDoNotStopTheOthers() throws {
      let workspace = try furnished()
      let good = try Data(contentsOf: URL(filePath: workspace["photos/10.png"]))
      try workspace.write(good.prefix(60), to: "photos/10.png")
      try workspace.write("x", to: "photos/11.png")
      let command = ["predict", "small.h5", "photos", "absent.png", "--csv", "a.csv"]
      let run = try workspace.zoo(command)
      #expect(run.status == 65)
      let lines = run.errors.split(separator: "\n")
      #expect(lines.count == 4, "\(run.errors)")
      for (line, says) in zip(lines, ["10.png is truncated", "11.png", "absent.png", "3 of 7"]) {
        #expect(line.contains(says), "\(line)")
      }
      #expect(try rows(workspace, "a.csv").count == 5)
      #expect(run.output == "a.csv  4 pictures\n")
      try workspace.write(good, to: "photos/10.png")
      let again = try workspace.zoo(command + ["--resume", "--quiet"])
      #expect(again.status == 65)
      let rows = try rows(workspace, "a.csv")
      #expect(rows.count == 6 && rows.contains { $0.hasPrefix("photos/10.png,") })
    }
  }
}
