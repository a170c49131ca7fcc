import Foundation
import ModelZoo
import Testing

extension CommandLineTests {
  /// `zoo pull` with a catalogue whose files are on this machine.
  @Suite struct PullTests {
    /// A workspace whose catalogue has one record for the small network.
    static func workspace(
      digest: String? = nil, url: String? = nil, replacing: String = "", with text: String = ""
    ) throws -> Workspace {
      let workspace = try Workspace.furnished()
      let digest = digest ?? SHA256.hexadecimal(of: Small.files.foreign)
      let catalog = """
        {
          "version": 1,
          "classes": { "ten": ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] },
          "preprocessing": {
            "plain": {
              "resize": [32, 32], "interpolation": "bilinear", "channels": "rgb",
              "scale": 0.00392156862745098, "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]
            }
          },
          "renames": {},
          "checkpoints": [
            {
              "name": "small.test", "family": "ResNet", "variant": "resnet20", "default": true,
              "task": "classification", "classes": "ten", "preprocessing": "plain",
              "license": "MIT", "paper": "none",
              "source": {
                "url": "\(url ?? "file://\(workspace["small.safetensors"])")",
                "sha256": "\(digest)",
                "format": "safetensors"
              },
              "metrics": []
            }
          ]
        }

        """
      #expect(replacing.isEmpty || catalog.contains(replacing))
      try workspace.write(catalog.replacingOccurrences(of: replacing, with: text), to: "zoo.json")
      workspace.environment["ZOO_CATALOG"] = workspace["zoo.json"]
      return workspace
    }

    @Test func pulledOnceFoundByName() throws {
      let workspace = try Self.workspace()
      #expect(try workspace.zoo("predict", "small.test", "small.png").status == 69)

      let first = try workspace.zoo("pull", "resnet20")
      #expect(first.status == 0, "\(first.errors)")
      #expect(first.output.hasPrefix("small.test  \(workspace["home"])/"))
      #expect(first.output.contains("verified by its SHA-256"))
      let second = try workspace.zoo("pull", "small.test", "--offline", "--json")
      #expect(second.status == 0)
      #expect(try second.json.list?.map(\.keys) == [["name", "path", "wasHere", "checked"]])
      #expect(try second.json.list?.first?["wasHere"]?.bool == true)

      let listed = try workspace.zoo("list", "--installed", "--json").json
      #expect(listed.list?.compactMap { $0["name"]?.string } == ["small.test"])
      #expect(try workspace.zoo("verify").output.hasPrefix("small.test  good"))
      let seen = try workspace.zoo("predict", "small.test", "small.png", "--json").json
      #expect(seen["model"]?.string == "small.test")

      // The downloaded file has gone: the checkpoint holds every number of it.
      let entries = try workspace.zoo("cache", "list", "--json").json.list ?? []
      #expect(entries.count == 1)
      #expect(entries.first?["name"]?.string?.hasPrefix("small.test-") == true)
      #expect(entries.map(\.keys) == [["name", "kind", "path", "size", "lastUse"]])
      #expect(try workspace.zoo("cache", "prune", "--all", "--json").json.list?.count == 1)
      #expect(try workspace.zoo("list", "--installed", "--json").json.list?.isEmpty == true)
    }

    @Test func importingTheOfficialFileInstallsIt() throws {
      let workspace = try Self.workspace()
      let run = try workspace.zoo("import", "small.safetensors", "--as", "resnet20")
      #expect(run.status == 0 && run.errors.contains("this is small.test"))
      let info = try workspace.zoo("info", "small.test", "--json").json
      #expect(info["installed"]?.bool == true && info["license"]?.string == "MIT")
    }

    /// The catalogue knows a model whose file cannot be read; it is the answer, and the damage is
    /// said.
    @Test func infoOfADamagedFile() throws {
      let workspace = try Self.workspace()
      #expect(try workspace.zoo("pull", "small.test").status == 0)
      let path = try #require(
        try workspace.zoo("info", "small.test", "--json").json["path"]?.string)
      try Data(Small.files.store.prefix(3000)).write(to: URL(filePath: path), options: .atomic)
      let info = try workspace.zoo("info", "small.test", "--json")
      #expect(info.status == 0, "\(info.errors)")
      #expect(info.errors.contains(path) && info.errors.contains("the catalogue's record"))
      let record = try info.json
      #expect(record["license"]?.string == "MIT" && record["path"]?.string == path)
      #expect(record["classes"]?.list?.count == 10)
      let text = try workspace.zoo("info", "small.test").output
      #expect(
        text.contains("\(path) is damaged; remove it, and 'zoo pull small.test' downloads it"))
      // By its path there is nothing else to say.
      #expect(try workspace.zoo("info", path).status == 65)
    }

    /// What comes with the program has no address to be pulled from.
    @Test func infoOfAnIncludedFileThatIsGone() throws {
      let workspace = try Self.workspace()
      let catalog = try String(contentsOfFile: workspace["zoo.json"], encoding: .utf8)
      let start = try #require(catalog.range(of: "\"source\""))
      let end = try #require(catalog.range(of: "\"metrics\""))
      try workspace.write(
        catalog.replacingCharacters(
          in: start.lowerBound..<end.lowerBound,
          with: "\"file\": \"gone.h5\", \"sha256\": \"\(String(repeating: "ab", count: 32))\", "),
        to: "zoo.json")
      let info = try workspace.zoo("info", "small.test")
      #expect(info.status == 0, "\(info.errors)")
      #expect(info.output.contains("comes with the program as Weights/gone.h5"), "\(info.output)")
      #expect(!info.output.contains("pull"))
      #expect(try workspace.zoo("info", "small.test", "--json").json["installed"]?.bool == false)
    }

    @Test func refusals() throws {
      let other = try Self.workspace(digest: String(repeating: "ab", count: 32))
      let mismatch = try other.zoo("pull", "small.test")
      #expect(mismatch.status == 65)
      #expect(mismatch.error?.contains("abababab") == true, "\(mismatch.errors)")
      #expect(try other.zoo("list", "--installed", "--json").json.list?.isEmpty == true)
      #expect(other.has("small.safetensors"), "the user's own file is not ours to remove")

      let absent = try Self.workspace(url: "file:///nowhere/at/all.safetensors")
      let gone = try absent.zoo("pull", "small.test")
      #expect(gone.status == 69 && gone.error?.contains("/nowhere/at/all.safetensors") == true)

      let offline = try Self.workspace().zoo("pull", "small.test", "--offline")
      #expect(offline.status == 69 && offline.error?.contains("--offline") == true)

      // What was brought is still a stranger's file.
      let junk = Array("not a checkpoint".utf8)
      let bad = try Self.workspace(digest: SHA256.hexadecimal(of: junk))
      try bad.write(junk, to: "small.safetensors")
      let refused = try bad.zoo("pull", "small.test")
      #expect(refused.status == 65 && refused.error != nil, "\(refused.errors)")
    }

    /// Eight at once convert once, and all find the result.
    @Test func together() async throws {
      let workspace = try Self.workspace()
      let runs = try await withThrowingTaskGroup(of: (Int32?, String, String).self) { group in
        let (path, environment) = (workspace.path, workspace.environment)
        for _ in 0..<8 {
          group.addTask {
            try await withCheckedThrowingContinuation { continuation in
              Thread.detachNewThread {
                continuation.resume(
                  with: Result {
                    let run = try Workspace.run(["pull", "small.test"], in: path, environment)
                    return (run.status, run.output, run.errors)
                  })
              }
            }
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(runs.allSatisfy { $0.0 == 0 }, "\(runs.map(\.2))")
      #expect(runs.count { $0.1.contains("verified by") } == 1, "\(runs.map(\.1))")
      let entries = try workspace.zoo("cache", "list", "--json").json.list
      #expect(entries?.count == 1)
      #expect(try workspace.zoo("verify", "small.test").status == 0)
    }

    /// Where it stands in the catalogue, and what is wrong there.
    @Test(arguments: [
      ("\"license\": \"MIT\"", "\"license\": \"MIT\", \"license\": \"BSD\"", 15, "license"),
      ("\"license\": \"MIT\"", "\"license\": \"MIT\", \"licence\": \"MIT\"", 15, "licence"),
      ("\"default\": true", "\"default\": \"yes\"", 13, "default"),
      ("\"family\": \"ResNet\"", "\"family\": 20", 13, "family"),
      ("\"classes\": \"ten\"", "\"classes\": \"nine\"", 12, "nine"),
      ("\"version\": 1", "\"version\": 2", 1, "version 1"),
      ("\"task\": \"classification\"", "\"task\": \"drawing\"", 12, "drawing"),
      ("\"std\": [0.25, 0.25, 0.25]", "\"std\": [0.25, 0, 0.25]", 5, "factor"),
      ("\"paper\": \"none\",", "\"paper\": \"none\"", 16, "comma"),
    ])
    func badCatalogue(_ old: String, _ new: String, _ line: Int, _ word: String) throws {
      let workspace = try Self.workspace(replacing: old, with: new)
      let run = try workspace.zoo("list")
      #expect(run.status == 65)
      let error = try #require(run.error, "\(run.errors)")
      #expect(error.contains("zoo.json, line \(line)") && error.contains(word), "\(error)")
    }

    @Test func noCatalogue() throws {
      let workspace = Workspace()
      workspace.environment["ZOO_CATALOG"] = workspace["none.json"]
      let run = try workspace.zoo("list")
      #expect(run.status == 66 && run.error?.contains("none.json") == true)
    }
  }

  /// A network namespace that has no network.
  @Suite struct OfflineTests {
    static let isolated: [String] = ["/usr/bin/unshare", "-rn"]
    static let canIsolate: Bool = {
      let process = Process()
      process.executableURL = URL(filePath: isolated[0])
      process.arguments = ["-rn", "true"]
      process.standardError = nil
      guard (try? process.run()) != nil else { return false }
      process.waitUntilExit()
      return process.terminationStatus == 0
    }()

    @Test(.enabled(if: canIsolate, "this machine permits no network namespaces"))
    func everythingButPullWorks() throws {
      let workspace = try Workspace.furnished()
      let lines = [
        "list", "summary resnet50", "info vgg16", "plugins", "cache list",
        "import small.safetensors --as resnet20", "predict resnet20.h5 small.png",
        "verify resnet20.h5", "diff small.safetensors --as resnet20",
        "export resnet20.h5 --format keras-h5 -o out.h5",
      ]
      for line in lines {
        let run = try workspace.zoo(
          line.split(separator: " ").map(String.init), under: Self.isolated)
        #expect(run.status == 0, "\(line): \(run.errors)")
      }
      let pull = try workspace.zoo(["pull", "resnet18", "--quiet"], under: Self.isolated)
      #expect(pull.status == 69)
      #expect(pull.error?.contains("download.pytorch.org") == true, "\(pull.errors)")
    }
  }
}
