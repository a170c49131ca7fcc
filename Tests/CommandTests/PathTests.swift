import Foundation
import ModelZoo
import Testing

extension CommandLineTests {
  /// Names that are not UTF-8: the bytes of a path are the same when a file is opened.
  @Suite struct PathTests {
    /// Runs a line of the shell, in which `zoo` is the program.
    private func shell(_ line: String, in workspace: Workspace) throws -> Outcome {
      try workspace.zoo([], under: ["sh", "-ec", "zoo() { \"$0\" \"$@\"; }; \(line)"])
    }

    @Test func bytesOfAPathAreKept() throws {
      let workspace = try Workspace.furnished()
      let made = try shell(
        #"p=$(printf '\377\376'); cp small.png "$p.png"; mkdir "$p"; cp small.png "$p/é.png""#,
        in: workspace)
      #expect(made.status == 0, "\(made.errors)")
      let json = try shell(
        #"p=$(printf '\377\376'); zoo predict small.h5 "$p.png" "$p" --json"#, in: workspace)
      #expect(json.status == 0, "\(json.errors)")
      // Private characters of valid JSON, from which a program can tell the bytes.
      #expect(
        try json.json["results"]?.list?.compactMap { $0["image"]?.string }
          == ["\u{F7FF}\u{F7FE}.png", "\u{F7FF}\u{F7FE}/é.png"])
      let text = try shell(
        #"p=$(printf '\377\376'); zoo predict small.h5 "$p.png" "$p""#, in: workspace)
      #expect(text.output.contains(#"\xff\xfe.png"#), "\(text.output)")
      let missing = try shell(#"zoo predict small.h5 "$(printf 'a\377.png')""#, in: workspace)
      #expect(missing.status == 66)
      #expect(missing.error?.contains(#"a\xff.png"#) == true, "\(missing.errors)")
    }

    @Test func outputsHaveTheNameThatWasGiven() throws {
      let workspace = try Workspace.furnished()
      let run = try shell(
        #"""
        p=$(printf '\377\376'); zoo import small.safetensors --as resnet20 -o "$p.h5"
        test -f "$p.h5"; zoo verify "$p.h5"; zoo predict small.h5 small.png --draw "$p" --csv "$p.csv"
        test -f "$p.csv"; test -n "$(ls "$p")"
        """#, in: workspace)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains(#"\xff\xfe.h5"#), "\(run.output)")
      #expect(!workspace.files.contains { $0.contains("\u{FFFD}.h5\u{FFFD}") })
    }

    /// A class whose folder's name is not text keeps its name through training and evaluation.
    @Test func classesOfAnyName() throws {
      let workspace = try Workspace.furnished()
      let run = try shell(
        #"""
        for s in train val; do for c in a "$(printf 'b\350')"; do
        mkdir -p "data/$s/$c"; for i in 1 2 3; do cp small.png "data/$s/$c/$s$i.png"; done; done; done
        zoo finetune small.h5 --data data -o run --epochs 1 --batch 2 --quiet
        zoo evaluate run/best.h5 --data data/val --csv answers.csv --include-learned
        """#, in: workspace)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains(#"b\xe8"#), "\(run.output)")
      let table = try Data(contentsOf: URL(filePath: workspace["answers.csv"]))
      #expect(String(validating: table, as: UTF8.self)?.contains("b\u{F7E8}") == true)
    }
  }
}

/// What ``String/init(path:)`` and ``String/withPath(_:)`` promise.
@Suite struct PathByteTests {
  @Test(arguments: [
    "plain.png", "é/日本", "\u{F7FF}", "\u{F77F}", "\u{F8FF}", "",
  ])
  func textIsTheSameBytes(_ text: String) {
    let bytes = Array(text.utf8)
    #expect(roundTrip(bytes) == bytes)
  }

  @Test func anyBytesComeBack() {
    let random = Random(seed: 3)
    for round in 0..<4000 {
      let key = random.key(round)
      let bytes = (0..<key.below(12, 0)).map { index -> UInt8 in
        // Many starts and ends of characters, and private ones.
        let usual: [UInt8] = [0xEF, 0x9E, 0x9F, 0x80, 0xBF, 0xC3, 0xFF, 0x41]
        let pick = key.below(16, index + 1)
        return pick < 8 ? usual[pick] : UInt8(1 + key.below(255, index + 100))
      }
      #expect(roundTrip(bytes) == bytes, "\(bytes)")
    }
  }

  @Test func differentBytesAreDifferentNames() {
    let names: [[UInt8]] = [[0xFF], Array("\u{F7FF}".utf8), Array("�".utf8), [0xC3], [0xC3, 0xA9]]
    #expect(Set(names.map(text)).count == names.count)
  }

  private func text(_ bytes: [UInt8]) -> String {
    bytes.withUnsafeBytes { String(path: $0) }
  }

  private func roundTrip(_ bytes: [UInt8]) -> [UInt8] {
    text(bytes).withPath { pointer in
      Array(UnsafeRawBufferPointer(start: pointer, count: strlen(pointer)))
    }
  }
}
