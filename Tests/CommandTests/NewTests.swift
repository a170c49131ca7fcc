import Foundation
import ModelZoo
import Testing

extension CommandLineTests {
  /// `zoo new`: what it writes, and what it refuses. `.ci/new` builds and tests what it writes.
  @Suite struct NewTests {
    let workspace = Workspace()

    init() throws {
      for folder in ["Plugins/Other", "Sources/ZooKit", "Tests"] {
        try FileManager.default.createDirectory(
          atPath: workspace[folder], withIntermediateDirectories: true)
      }
      try workspace.write("// swift-tools-version: 6.2\n", to: "Package.swift")
    }

    private let conforming = [
      "classifier": "Architecture", "segmenter": "Segmenter", "detector": "TrainableDetector",
    ]

    private var tree: [String] {
      (FileManager.default.enumerator(atPath: workspace.path)?.allObjects as? [String] ?? [])
        .filter { !$0.hasPrefix(".output") && !$0.hasPrefix(".errors") }.sorted()
    }

    @Test(arguments: ["classifier", "segmenter", "detector"])
    func writesOneFolder(template: String) throws {
      let before = tree
      let run = try workspace.zoo("new", "TinyNet", "--template", template, "--json")
      #expect(run.status == 0, "\(run.errors)")
      let json = try run.json
      #expect(json.keys == ["family", "path", "template", "files", "variants"])
      #expect(json["path"]?.string == "Plugins/TinyNet")
      #expect(json["variants"]?.list?.map(\.string) == ["tinynet", "tinynet-small"])
      let files = ["README.md", "Sources/TinyNet.swift", "Tests/TinyNetTests.swift"]
      #expect(json["files"]?.list?.compactMap(\.string).sorted() == files)
      #expect(tree.contains("Plugins/TinyNet/README.md") && before.contains("Package.swift"))
      #expect(tree.filter { !before.contains($0) && !$0.hasPrefix("Plugins/TinyNet") }.isEmpty)
      let source = try String(
        contentsOfFile: workspace["Plugins/TinyNet/Sources/TinyNet.swift"], encoding: .utf8)
      #expect(source.contains("struct TinyNet: \(conforming[template] ?? "")"))
      for file in files {
        let text = try String(contentsOfFile: workspace["Plugins/TinyNet/\(file)"], encoding: .utf8)
        #expect(!text.lowercased().contains("template"), "\(file)")
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 }, "\(file)")
      }
      let readMe = try String(
        contentsOfFile: workspace["Plugins/TinyNet/README.md"], encoding: .utf8)
      #expect(readMe.contains("make build\n") && !readMe.contains("swift build"))
    }

    @Test func isAPackageOfItsOwnWhereAsked() throws {
      let run = try workspace.zoo("new", "TinyNet", "--package", "../\(UUID())")
      #expect(run.status == 0, "\(run.errors)")
      let manifest = try #require(
        run.output.split(separator: "\n").first { $0.hasSuffix("Package.swift") })
      let path = URL(filePath: workspace[String(manifest)]).standardized
      let text = try String(contentsOf: path, encoding: .utf8)
      #expect(text.contains("path: \"\(workspace.path)\"") && text.contains("ZooConformance"))
      #expect(text.contains("name: \"TinyNet\"") && !text.contains("Template"))
      try FileManager.default.removeItem(at: path.deletingLastPathComponent())
    }

    @Test(
      arguments: [
        ("tinyNet", 64, "a capital"), ("Tiny-Net", 64, "a capital"), ("../Tiny", 64, "a capital"),
        ("Größe", 64, "a capital"), ("", 64, "a capital"), ("Node", 64, "use that name"),
        ("ZooThing", 64, "use that name"), ("TinyTests", 64, "use that name"),
        ("Other", 73, "already exists"), ("other", 64, "a capital"),
        ("ResNet", 73, "the family ResNet already exists"),
        ("Resnet50", 73, "ResNet has a variant resnet50 already"),
      ] as [(String, Int32, String)])
    func refusesAName(_ name: String, _ status: Int32, _ says: String) throws {
      let before = tree
      let run = try workspace.zoo("new", name)
      #expect(run.status == status && run.error?.contains(says) == true, "\(run.errors)")
      #expect(tree == before)
    }

    @Test func refusesAnotherPlace() throws {
      let elsewhere = Workspace()
      let run = try elsewhere.zoo("new", "TinyNet")
      #expect(run.status == 66 && run.error?.contains("not a checkout of the zoo") == true)
      #expect(elsewhere.files.filter { !$0.hasPrefix(".") }.isEmpty)
      #expect(try elsewhere.zoo("new", "TinyNet", "--package", "x", "--zoo", "y").status == 66)
      #expect(try elsewhere.zoo("new", "TinyNet", "--zoo", "y").status == 64)
    }

    @Test func leavesNothingWhereItCannotWrite() throws {
      #expect(try workspace.zoo("new", "TinyNet", "--package", "absent/folder").status == 73)
      #expect(try workspace.zoo("new", "TinyNet", "--package", "Plugins").status == 73)
      #expect(workspace.files.filter { $0.hasPrefix(".zoo") }.isEmpty)
    }
  }
}
