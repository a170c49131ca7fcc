import Foundation
import ModelZoo
import Testing

extension CommandLineTests {
  /// For any file content, the answer is one line, quickly, and without the memory that the file
  /// asks for.
  @Suite struct DamageTests {
    /// Requirements of every refusal.
    static func expectRefusal(
      _ run: Outcome, _ note: String, statuses: Set<Int32> = [65],
      _ location: SourceLocation = #_sourceLocation
    ) {
      #expect(
        run.status.map(statuses.contains) == true, "\(note): \(run.status ?? -1) \(run.errors)",
        sourceLocation: location)
      if run.status != 0 {
        #expect(run.error != nil, "\(note): \(run.errors)", sourceLocation: location)
      }
      #expect(run.seconds < 5, "\(note)", sourceLocation: location)
    }

    static func samples() throws -> [(name: String, bytes: [UInt8])] {
      func read(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: path)))
      }
      let workspace = try Workspace.furnished()
      let jpeg = golden("vision/samples")
      let pictures = try FileManager.default.contentsOfDirectory(atPath: jpeg).sorted()
        .filter { $0.hasSuffix(".jpg") }.prefix(1)
      return try [
        ("small.h5", Small.files.store), ("small.safetensors", Small.files.foreign),
        ("wrapped.pth", read(golden("formats/wrapped_model.pth"))),
        ("keras.h5", read(golden("formats/legacy_nested.h5"))),
        ("small.png", read(workspace["small.png"])),
      ] + pictures.map { ("small.jpg", try read("\(jpeg)/\($0)")) }
    }

    static func verbs(for name: String) -> [[String]] {
      let importing = ["import", name, "--as", "resnet20", "-o", "x.h5"]
      if name.hasSuffix(".png") || name.hasSuffix(".jpg") {
        return [["predict", "good.h5", name]]
      }
      return name == "small.h5" ? [["verify", name], ["info", name], importing] : [importing]
    }

    @Test func truncated() throws {
      let workspace = Workspace()
      try workspace.write(Small.files.store, to: "good.h5")
      for (name, bytes) in try Self.samples() {
        let verbs = Self.verbs(for: name)
        for step in 0..<64 {
          try workspace.write(bytes.prefix(bytes.count * step / 64), to: name)
          let run = try workspace.zoo(verbs[step % verbs.count], limit: 5)
          Self.expectRefusal(run, "\(name) cut to \(step)/64")
          #expect(!workspace.has("x.h5"))
        }
      }
    }

    /// A flipped byte is an error or, in a picture or a foreign checkpoint's numbers, a different
    /// number.
    @Test func mutated() throws {
      let workspace = Workspace()
      try workspace.write(Small.files.store, to: "good.h5")
      let random = Random(seed: 5)
      for (kind, (name, bytes)) in try Self.samples().enumerated() {
        let verbs = Self.verbs(for: name)
        for mutant in 0..<24 {
          var damaged = bytes
          for flip in 0...mutant % 4 {
            let bits = random.bits(kind << 20 | mutant << 4 | flip)
            // Half of the damage is at the front, where formats keep their structure.
            let reach = mutant.isMultiple(of: 2) ? min(bytes.count, 4096) : bytes.count
            damaged[Int(bits >> 8) & 0x7FFF_FFFF % reach] ^= UInt8(1 << (bits & 7))
          }
          try workspace.write(damaged, to: name)
          let run = try workspace.zoo(verbs[mutant % verbs.count], limit: 5)
          // Every number of our checkpoints has a digest; only unused bytes may change.
          Self.expectRefusal(run, "\(name), mutant \(mutant)", statuses: [0, 65])
          unlink(workspace["x.h5"])
        }
      }
    }

    /// Digests cover every number and the record of our own checkpoint.
    @Test func noFlippedByteOfOursGoesUnseen() throws {
      let workspace = Workspace()
      let bytes = Small.files.store
      let foreign = Workspace()
      try foreign.write(Small.files.foreign, to: "small.safetensors")
      let source = try SafeTensors(foreign["small.safetensors"])
      for tensor in source.tensors.prefix(24) {
        let numbers = try source.tensor(tensor.name).values.prefix(8)
        let place = try #require(
          Data(bytes).range(of: numbers.withUnsafeBytes { Data($0) })?.lowerBound)
        var damaged = bytes
        damaged[place + tensor.shape.count % 32] ^= 0x10
        try workspace.write(damaged, to: "small.h5")
        let run = try workspace.zoo("verify", "small.h5")
        Self.expectRefusal(run, tensor.name)
      }
    }

    /// Files that ask for much more memory than their size, and files that try to touch others.
    @Test func hostile() throws {
      let workspace = try Workspace.furnished()
      let baseline = try workspace.zoo("verify", "small.h5").peak
      #expect(baseline > 1 << 20)
      func refuse(_ words: String..., from location: SourceLocation = #_sourceLocation) throws {
        let run = try workspace.zoo(words, limit: 5)
        Self.expectRefusal(run, words.joined(separator: " "), location)
        #expect(
          run.peak <= baseline + 64 << 20, "\(words): \(run.peak >> 20) MB",
          sourceLocation: location)
      }
      for name in try FileManager.default.contentsOfDirectory(atPath: golden("hdf5")).sorted()
      where name.hasPrefix("hostile-") {
        for verb in ["verify", "info"] { try refuse(verb, golden("hdf5/\(name)")) }
        try refuse("import", golden("hdf5/\(name)"), "--as", "resnet20", "-o", "x.h5")
        try refuse("diff", golden("hdf5/\(name)"), "--as", "resnet20")
      }

      // A pickle that calls os.system in any ordinary unpickler, in two ways.
      let touch = "touch \(workspace["touched"])"
      let global = "\u{80}\u{2}cposix\nsystem\n(S'\(touch)'\ntR."
      try workspace.write(global.unicodeScalars.map { UInt8($0.value) }, to: "global.pth")
      try workspace.write("(S'\(touch)'\niposix\nsystem\n.", to: "inst.pth")
      for name in ["global.pth", "inst.pth"] {
        try refuse("import", name, "--as", "resnet20", "-o", "x.h5")
      }
      #expect(!workspace.has("touched"))

      // 50,000 × 50,000 pixels in 57 bytes.
      var png = Array(try Data(contentsOf: URL(filePath: workspace["small.png"])))
      png.replaceSubrange(16..<24, with: [0, 0, 0xC3, 0x50, 0, 0, 0xC3, 0x50])
      png.replaceSubrange(29..<33, with: crc32(of: png[12..<29]))
      try workspace.write(png, to: "large.png")
      try refuse("predict", "small.h5", "large.png")
      let large = try workspace.zoo("predict", "small.h5", "large.png")
      #expect(large.error?.contains("50000×50000") == true, "\(large.errors)")

      // A header as long as memory, tensors of 2⁶² elements, a repeated key.
      func safetensors(_ header: String, length: UInt64? = nil) throws {
        let length = length ?? UInt64(header.utf8.count)
        let prefix = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        try workspace.write(prefix + Array(header.utf8) + [0, 0, 0, 0], to: "bad.safetensors")
        try refuse("import", "bad.safetensors", "--as", "resnet20", "-o", "x.h5")
      }
      let entry = #"{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#
      try safetensors("{}", length: .max)
      try safetensors("{}", length: 99_000_000)
      try safetensors(#"{"a":\#(entry),"a":\#(entry)}"#)
      try safetensors(
        #"{"a":{"dtype":"F32","shape":[2147483648,2147483648],"data_offsets":[0,4]}}"#)
      try safetensors(String(repeating: "[", count: 100_000))
      #expect(!workspace.has("x.h5"))
    }

    /// Records that ask a valid network for the impossible.
    @Test(arguments: [
      (#""input":[3,32,32]"#, #""input":[3,1,1]"#, ["verify", "predict"]),
      (#""input":[3,32,32]"#, #""input":[3,64,64]"#, ["verify", "predict"]),
      (#""input":[3,32,32]"#, #""input":[3,60000,60000]"#, ["verify", "predict", "info"]),
      (#""input":[3,32,32]"#, #""input":[3,-1,1e9]"#, ["verify", "info"]),
      (#""resize":[32,32]"#, #""resize":[65536,65536]"#, ["predict"]),
      (#""resize":[32,32]"#, #""resize":[32,33]"#, ["predict"]),
      (#""resize":[32,32]"#, #""resize":[0,0]"#, ["predict", "info"]),
      (#""variant":"resnet20""#, #""variant":"resnet18""#, ["verify", "predict"]),
      (#""variant":"resnet20""#, #""variant":"resnet9000""#, ["verify", "info"]),
      (#""version":1"#, #""version":2"#, ["verify", "info"]),
      (#""task":"classification""#, #""task":"detection""#, ["verify", "predict", "info"]),
      (#""task":"classification""#, #""task":"drawing""#, ["verify", "predict", "info"]),
      (#""task":"classification""#, #""task":"segmentation""#, ["verify", "predict", "info"]),
      (#""family":"ResNet""#, #""family":"VGG""#, ["verify", "predict", "info"]),
      (#""license""#, #""licence""#, ["info"]),
    ])
    func hostileRecord(_ old: String, _ new: String, _ verbs: [String]) throws {
      let workspace = try Workspace.furnished()
      let store = try WeightStore(workspace["small.h5"])
      let text = store.meta.text()
      #expect(text.contains(old), "\(text)")
      let meta = try JSON(parsing: text.replacingOccurrences(of: old, with: new), origin: "meta")
      let tensors = try store.tensors.map { ($0.name, try store.tensor($0.name)) }
      try WeightStore.write(
        to: workspace["bad.h5"], meta: meta, weights: tensors, golden: try store.golden())
      for verb in verbs {
        let run = try workspace.zoo(
          [verb, "bad.h5"] + (verb == "predict" ? ["small.png"] : []), limit: 5)
        Self.expectRefusal(run, "\(verb) of \(new)", statuses: verb == "predict" ? [64, 65] : [65])
        #expect(run.error?.contains("bad.h5") == true, "\(run.errors)")
        #expect(run.peak < 200 << 20)
      }
    }

    /// Records that would take many times their size in memory.
    @Test func recordsStaySmall() throws {
      let workspace = try Workspace.furnished()
      let baseline = try workspace.zoo("verify", "small.h5").peak
      let store = try WeightStore(workspace["small.h5"])
      let tensors = try store.tensors.map { ($0.name, try store.tensor($0.name)) }
      func write(_ meta: String) throws {
        try WeightStore.write(
          to: workspace["bad.h5"], meta: JSON(parsing: meta, origin: "meta"), weights: tensors,
          golden: store.golden())
      }
      let text = store.meta.text()
      let numbers = String(repeating: "1,", count: 3_000_000)
      try write("{\"mean\":[\(numbers)1],\(text.dropFirst())")
      for verb in ["info", "verify"] {
        let run = try workspace.zoo(verb, "bad.h5")
        Self.expectRefusal(run, verb)
        #expect(run.peak < baseline + 64 << 20 + 6 << 20, "\(verb): \(run.peak >> 20) MB")
      }
      try write(text.replacingOccurrences(of: "\"resize\":[32,32]", with: "\"resize\":[3000,3000]"))
      let run = try workspace.zoo("predict", "bad.h5", "small.png")
      Self.expectRefusal(run, "resize 3000")
      #expect(run.error?.contains("3×3000×3000") == true, "\(run.errors)")
      #expect(run.peak < baseline + 32 << 20, "\(run.peak >> 20) MB")
    }

    /// Escape sequences in files or on the command line never reach the terminal.
    @Test func terminalSequences() throws {
      let workspace = try Workspace.furnished()
      try workspace.write(
        (0..<10).map { "\u{1B}]0;class \($0)\u{7}" }.joined(separator: "\n"), to: "names.txt")
      let run = try workspace.zoo(
        "import", "small.safetensors", "--as", "resnet20", "--classes", "names.txt", "-o", "x.h5")
      #expect(run.status == 0, "\(run.errors)")
      for words in [
        ["info", "x.h5"], ["predict", "x.h5", "small.png"], ["info", "\u{1B}[31m"],
        ["predict", "x.h5", "\u{1B}[31m\n.png", "\u{1B}[31m\n.jpg"], ["\u{1B}[31m"],
        ["import", "\u{1B}[31m", "--as", "\u{1B}[31m"],
        ["import", "small.safetensors", "--as", "resnet20", "-o", "\u{1B}[31m.h5"],
        ["export", "small.h5", "--format", "safetensors", "-o", "\u{1B}[31m"],
        ["verify", "\u{1B}[31m.h5"], ["predict", "small.h5", "small.png", "--draw", "\u{1B}[31m"],
      ] {
        let run = try workspace.zoo(words)
        #expect(!run.output.isEmpty || !run.errors.isEmpty)
        let text = (run.output + run.errors).unicodeScalars
        #expect(text.allSatisfy { $0 == "\n" || $0.value >= 32 }, "\(words)")
      }
    }

    /// Paths that are not regular files.
    @Test(arguments: ["/dev/zero", "/dev/null", "/proc/self/mem", "/", "pipe"])
    func notFiles(_ path: String) throws {
      let workspace = try Workspace.furnished()
      mkfifo(workspace["pipe"], 0o600)
      for words in [
        ["import", path, "--as", "resnet20", "-o", "x.h5"], ["predict", "small.h5", path],
        ["run", "small.h5", "--input", path, "-o", "y"],
        ["diff", "small.safetensors", "--as", "resnet20", "--classes", path],
      ] {
        let run = try workspace.zoo(words, limit: 5)
        Self.expectRefusal(run, words.joined(separator: " "), statuses: [65, 66, 74])
        #expect(run.peak < 200 << 20)
      }
    }
  }
}

/// As in PNG and zip, big endian.
private func crc32(of bytes: some Sequence<UInt8>) -> [UInt8] {
  var crc: UInt32 = .max
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
  }
  return (0..<4).map { UInt8(truncatingIfNeeded: ~crc >> (24 - 8 * $0)) }
}
