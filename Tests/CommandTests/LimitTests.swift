import Foundation
import ModelZoo
import Testing

extension CommandLineTests {
  /// A slice of the sweep of `make torture`: with little address space a verb does its work or says in
  /// one sentence that it cannot.
  @Suite struct LimitTests {
    @Test(arguments: [
      "list", "info small.h5", "summary resnet20", "verify small.h5", "doctor",
      "import small.safetensors --as resnet20 -o x.h5", "export small.h5 --format safetensors -o x",
      "predict small.h5 small.png", "evaluate small.h5 --data data --include-learned",
      "finetune small.h5 --data data -o run --epochs 1 --batch 4", "bench resnet20 --json",
    ])
    func littleAddressSpace(_ words: String) throws {
      let workspace = try Workspace.furnished()
      for split in ["train", "val"] {
        for (name, copies) in [("a", 5), ("b", 5)] {
          let folder = workspace["data/\(split)/\(name)"]
          try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
          for copy in 0..<copies {
            try FileManager.default.copyItem(
              atPath: workspace["small.png"], toPath: "\(folder)/\(split)\(copy).png")
          }
        }
      }
      try workspace.write(
        (0..<10).map { $0 < 2 ? ["a", "b"][$0] : "c\($0)" }.joined(separator: "\n"), to: "names.txt"
      )
      let named = try workspace.zoo(
        "import", "small.safetensors", "--as", "resnet20", "--classes", "names.txt", "-o",
        "small.h5")
      #expect(named.status == 0, "\(named.errors)")
      var ends: [Int32] = []
      for megabytes in [45, 80, 130, 180, 250, 330, 410, 520, 700] {
        try? FileManager.default.removeItem(atPath: workspace["run"])
        let run = try workspace.zoo(
          words.split(separator: " ").map(String.init),
          under: ["sh", "-c", "ulimit -v \(megabytes << 10); exec \"$0\" \"$@\""], limit: 20)
        let note = "\(words) with \(megabytes) MB: \(run.status ?? -1) \(run.errors)"
        #expect(run.status == 0 || run.status == 71, "\(note)")
        if run.status == 71 {
          let last = run.errors.split(separator: "\n").last ?? ""
          #expect(last.hasPrefix("zoo: ") && !last.contains("not installed"), "\(note)")
        }
        ends.append(run.status ?? -1)
      }
      #expect(ends.last == 0, "\(words): \(ends)")
    }

    /// A signal ends the program with its status from the start of `main`, whatever it is doing.
    @Test(arguments: [SIGINT, SIGTERM]) func signalsAtAnyMoment(_ signal: Int32) throws {
      let workspace = try Workspace.furnished()
      for words in [
        ["bench", "resnet18"], ["finetune", "small.h5", "--data", ".", "-o", "run"],
        ["predict", "small.h5"] + Array(repeating: "small.png", count: 4000),
      ] {
        let process = Process()
        process.executableURL = URL(filePath: Workspace.binary)
        process.arguments = words
        process.currentDirectoryURL = URL(filePath: workspace.path)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        while process.isRunning, !catches(signal, process.processIdentifier) { usleep(200) }
        guard process.isRunning else { continue }
        let start = ContinuousClock.now
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit, "\(words.prefix(2))")
        // One that was at its end has another status.
        if process.terminationStatus != 0, process.terminationStatus < 64 || words[0] == "bench" {
          #expect(process.terminationStatus == 128 + signal, "\(words.prefix(2))")
        }
        #expect(ContinuousClock.now - start < .seconds(1), "\(words.prefix(2))")
      }
    }

    private func catches(_ signal: Int32, _ pid: Int32) -> Bool {
      let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
      let line = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
      let mask = line.flatMap {
        UInt64($0.dropFirst(7).trimmingCharacters(in: .whitespaces), radix: 16)
      }
      return (mask ?? 0) >> UInt64(signal - 1) & 1 == 1
    }
  }
}
