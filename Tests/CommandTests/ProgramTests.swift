import Foundation
import ModelZoo
import Testing
import ZooArguments
import zoo

extension CommandLineTests {
  /// The program as it describes itself.
  @Suite struct ProgramTests {
    static let verbs = Command.program.verbs.map(\.name) + ["completion"]

    @Test func descriptionHasNoMistakes() {
      #expect(Command.program.problems.isEmpty)
    }

    @Test func helpKnowsEveryVerb() throws {
      let workspace = Workspace()
      let help = try workspace.zoo("--help")
      #expect(help.status == 0 && help.errors.isEmpty)
      for verb in Self.verbs { #expect(help.output.contains("\n  \(verb) ")) }
      #expect(try workspace.zoo().output == help.output)
      #expect(try workspace.zoo("help").output == help.output)
    }

    @Test(arguments: verbs) func helpOfEveryVerb(_ verb: String) throws {
      let workspace = Workspace()
      let help = try workspace.zoo(verb, "--help")
      #expect(help.status == 0 && help.errors.isEmpty)
      #expect(help.output.hasPrefix("zoo \(verb): "))
      #expect(help.output.contains("\nUsage\n  zoo \(verb) "))
      for option in [
        "--json", "--engine", "--threads", "--seed", "--quiet", "--offline", "--plugin",
      ] {
        #expect(help.output.contains(option))
      }
      for line in help.output.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
      #expect(try workspace.zoo("help", verb).output == help.output)
    }

    @Test func version() throws {
      let run = try Workspace().zoo("--version")
      #expect(run.status == 0 && run.output.wholeMatch(of: /zoo \d+\.\d+\.\d+\n/) != nil)
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func completion(_ shell: String) throws {
      let workspace = Workspace()
      let script = try workspace.zoo("completion", shell)
      #expect(script.status == 0 && script.errors.isEmpty)
      for verb in Self.verbs { #expect(script.output.contains("\(verb)")) }
      try workspace.write(script.output, to: "script")
      // A shell that is not here cannot be asked.
      let paths: [String] = ["/bin/\(shell)", "/usr/bin/\(shell)"]
      let path = paths.first { access($0, X_OK) == 0 }
      guard let path else { return }
      let process = Process()
      process.executableURL = URL(filePath: path)
      process.arguments = ["-n", workspace["script"]]
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
    }

    /// Files that cannot read the version from the program.
    @Test func theVersionIsTheSameEverywhere() throws {
      let root = URL(filePath: #filePath).appending(path: "../../..").standardized
      let citation = try String(contentsOf: root.appending(path: "CITATION.cff"), encoding: .utf8)
      #expect(citation.contains("\nversion: \(Zoo.version)\n"))
      let changes = try String(contentsOf: root.appending(path: "CHANGELOG.md"), encoding: .utf8)
      #expect(changes.contains("[\(Zoo.version)]") || changes.contains(": \(Zoo.version)\n"))
      #expect(try Workspace().zoo("--version").output == "zoo \(Zoo.version)\n")
      // The Debian package asks the program.
      let package = try String(contentsOf: root.appending(path: ".ci/deb"), encoding: .utf8)
      #expect(package.contains("--version") && !package.contains(Zoo.version))
    }

    /// A name without weights would only lead to an error, so it comes after those with weights.
    @Test func installedModelsAreOfferedFirst() throws {
      let workspace = Workspace()
      let run = try workspace.zoo("completion", "--names", "resnet")
      let names = run.output.split(separator: "\n").map(String.init)
      let here =
        try workspace.zoo("list", "--installed", "--json").json.list?
        .compactMap { $0["name"]?.string }.filter { $0.hasPrefix("resnet") } ?? []
      #expect(!here.isEmpty && Array(names.prefix(here.count)).sorted() == here.sorted())
      #expect(names.contains("resnet50") && Set(names).count == names.count)
    }

    @Test func completionOfModels() throws {
      let run = try Workspace().zoo("completion", "--names", "resnet5")
      #expect(run.output.split(separator: "\n").contains("resnet50"), "\(run.output)")
    }

    /// Words that belong together and words that do not, in any order.
    @Test func randomWords() throws {
      let workspace = try Workspace.furnished()
      // A benchmark takes its seconds whatever is asked.
      let verbs = Self.verbs.filter { $0 != "bench" }
      let words =
        verbs + [
          "small.h5", "small.png", "small.safetensors", "resnet20", "resnet18", "--as", "-o", "out",
          "--json", "--top", "3", "-3", "0", "--", "-", "", " ", "--input", "3x64x64", "--keep",
          "layer1", "--quiet", "--offline", "--threads", "2", "--seed", "9223372036854775808",
          "--engine", "openblas", "onednn", "--precision", "bf16", "--where", "params<1M",
          "params<<", "--family", "VGG", "*", "**a*", "--format", "safetensors", "keras-h5",
          "--partial", "--classes", "--installed", "--help", "-h", "--version", "help", "bash",
          "--pixel-limit", "1", "path", "prune", "--all", "--unused", "nan", "1e999", "--=", "-o=",
          "--top=", "--json=1", "日本", "\u{1B}[31m", "\n", "e\u{301}", "%s%n", "../..", "/",
          String(repeating: "x", count: 5000), "--names",
        ]
      let documented: Set<Int32> = [0, 64, 65, 66, 69, 73, 74]
      let random = Random(seed: 17)
      for round in 0..<300 {
        let line = (0..<1 + Int(random.bits(round << 8) % 7)).map { place in
          let bits = random.bits(round << 8 | place + 1)
          // Half of the lines begin with a verb, so that there is something to go on with.
          let isVerb = place == 0 && round.isMultiple(of: 2)
          return isVerb
            ? verbs[Int(bits >> 8) & 0xFFFF % verbs.count]
            : words[Int(bits >> 8) & 0xFFFF % words.count]
        }
        // Nothing here may open a connection.
        let run = try workspace.zoo((line.contains("pull") ? ["--offline"] : []) + line)
        #expect(run.status.map(documented.contains) == true, "\(line): \(run.errors)")
        if let status = run.status, status != 0 {
          #expect(run.errors.hasPrefix("zoo: ") && run.errors.hasSuffix("\n"), "\(line)")
          if status == 64 { #expect(run.error != nil, "\(line): \(run.errors)") }
          #expect(!run.errors.contains("\u{1B}"), "\(line): a name may not steer the terminal")
        }
      }
    }
  }
}
