import TestSupport
import Testing
import ZooFormats
import ZooKit
import ZooStore

/// A crafted file; printed by its name, because a million bytes would fill the log.
struct Spoiled: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let bytes: [UInt8]
  /// A text in the error.
  let complaint: String

  init(_ what: String, _ bytes: [UInt8], _ complaint: String = "") {
    (testDescription, self.bytes, self.complaint) = (what, bytes, complaint)
  }
}

/// Malicious files: each gives one clear line, quickly.
@Suite struct HostileTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  func refusal(of bytes: [UInt8]) throws -> ZooError {
    let path = try scratch.file("hostile", bytes)
    let start = ContinuousClock.now
    let error = try #require(outcome(path, ForeignCheckpoint.open) as? ZooError)
    #expect(error.isHonest, "\(error.kind): \(error.message)")
    #expect(ContinuousClock.now - start < .seconds(5))
    return error
  }

  // MARK: Pickles

  @Test func theCraftedCheckpointIsGoodBeforeItIsSpoiled() throws {
    let pickle = Crafted.stateDict()
    for bytes in [Crafted.plain(pickle), Crafted.zip(Crafted.torch(pickle))] {
      #expect(outcome(try scratch.file("good", bytes), ForeignCheckpoint.open) == nil)
    }
    let good = Crafted.safetensors(
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, data: 8)
    #expect(outcome(try scratch.file("good", good), ForeignCheckpoint.open) == nil)
  }

  static let command = Crafted.text("id")
  static let codeRunners: [Spoiled] = [
    Spoiled(
      "GLOBAL and REDUCE", Crafted.global("os", "system") + command + [0x85] + Array("R".utf8)),
    Spoiled(
      "STACK_GLOBAL",
      [0x8C, 2] + Array("os".utf8) + [0x8C, 6] + Array("system".utf8) + [0x93] + command
        + [0x85] + Array("R".utf8)
    ),
    Spoiled(
      "STACK_GLOBAL through the memo",
      Crafted.text("os") + [UInt8(ascii: "q"), 7, UInt8(ascii: "0")] + Array("h".utf8) + [7]
        + Crafted.text("system") + [0x93]
    ),
    Spoiled("INST", Array("(".utf8) + command + Array("ios\nsystem\n".utf8)),
    Spoiled("OBJ", Array("(".utf8) + Crafted.global("os", "system") + command + Array("o".utf8)),
    Spoiled("NEWOBJ", Crafted.global("os", "system") + Array(")".utf8) + [0x81]),
    Spoiled("BUILD", Crafted.global("os", "system") + Array("}b".utf8)),
  ]

  @Test(arguments: codeRunners)
  func aPickleThatRunsCodeIsRefusedByName(_ route: Spoiled) throws {
    let whole = [0x80, 4] + route.bytes + Array(".".utf8)
    let inside = [0x80, 4, UInt8(ascii: "}")] + Crafted.text("w") + route.bytes + Array("s.".utf8)
    for pickle in [whole, inside] {
      for bytes in [Crafted.plain(pickle), Crafted.zip(Crafted.torch(pickle))] {
        #expect(try refusal(of: bytes).message.contains("refuses to run os.system"))
      }
    }
  }

  @Test(arguments: [
    ("posix", "system"), ("builtins", "eval"), ("__builtin__", "getattr"),
    ("subprocess", "Popen"), ("torch.serialization", "os.system"), ("builtins", "exec.__call__"),
    ("importlib", "import_module"),
  ])
  func otherNamesThatRunCode(_ module: String, _ name: String) throws {
    let pickle =
      [0x80, 4] + Crafted.text(module) + Crafted.text(name) + [0x93] + Array(")R.".utf8)
    let error = try refusal(of: Crafted.zip(Crafted.torch(pickle)))
    #expect(error.message.contains("refuses to run \(module).\(name)"))
  }

  static let spoiledPickles: [Spoiled] = {
    let protocol2: [UInt8] = [0x80, 2]
    func repeated(_ text: String, _ count: Int) -> [UInt8] {
      Array(repeating: Array(text.utf8), count: count).flatMap { $0 }
    }
    // Each list contains the previous one twice.
    let doubling = (0..<60).flatMap { index -> [UInt8] in
      let last = UInt8(index)
      return Array("](h".utf8) + [last] + Array("h".utf8) + [last] + Array("eq".utf8) + [last + 1]
    }
    let numbered = (0..<100_001).flatMap { [UInt8(ascii: "r")] + Crafted.little(UInt32($0)) }
    return [
      Spoiled(
        "memo doubling", protocol2 + Array("]q".utf8) + [0] + doubling + Array(".".utf8), "no state"
      ),
      Spoiled(
        "a list inside itself",
        protocol2 + Array("]q".utf8) + [0] + Array("h".utf8) + [0]
          + Array("a.".utf8), "no state"
      ),
      Spoiled(
        "a million nested tuples",
        protocol2 + Array(")".utf8) + Array(repeating: 0x85, count: 1_000_000)
          + Array(".".utf8), "64 levels"
      ),
      Spoiled("a hundred marks", protocol2 + repeated("(", 100) + Array(".".utf8), "64 levels"),
      Spoiled(
        "too many operations", protocol2 + repeated("N0", 500_001) + Array(".".utf8),
        "1000000 operations"
      ),
      Spoiled(
        "too many values", protocol2 + repeated("N", 100_001) + Array(".".utf8), "100000 values"),
      Spoiled(
        "too many memos", protocol2 + Array("N".utf8) + numbered + Array(".".utf8), "100000 values"
      ),
      Spoiled(
        "a list copied by many calls",
        protocol2 + Array("](".utf8) + repeated("N", 90_000) + [UInt8(ascii: "e"), 0x85]
          + Array("q".utf8) + [0]
          + (0..<900).flatMap { _ in
            Crafted.global("collections", "OrderedDict") + Array("h".utf8) + [0]
              + Array("R0".utf8)
          } + Array(".".utf8), "2000000 items"
      ),
      Spoiled("an empty stack", protocol2 + Array("0.".utf8), "did not push"),
      Spoiled("a call under a mark", protocol2 + Array("N(R.".utf8), "did not push"),
      Spoiled("an unknown operation", protocol2 + [0xFF], "0xff"),
      Spoiled("an extension code", protocol2 + [0x82, 1] + Array(".".utf8), "0x82"),
      Spoiled("a string of 4 GB", protocol2 + [0x58, 0xFF, 0xFF, 0xFF, 0xFF], "truncated"),
      Spoiled(
        "a string of 2⁶³ bytes", protocol2 + [0x8D] + Crafted.little(UInt64.max), "truncated"),
      Spoiled(
        "a long integer without end", protocol2 + [0x8B, 0xFF, 0xFF, 0xFF, 0x7F], "truncated"),
      Spoiled("protocol 9", [0x80, 9, 0x4E, 0x2E], "protocol 9"),
      Spoiled("a memo never made", protocol2 + Array("h".utf8) + [3], "did not write"),
      Spoiled(
        "items into a number", protocol2 + Array("K".utf8) + [1] + Array("Na.".utf8), "collection"),
      Spoiled("numel 2⁶²", Crafted.stateDict(count: 1 << 62), "bytes"),
      Spoiled("a negative numel", Crafted.stateDict(count: -4), "storage"),
      Spoiled("an offset past the storage", Crafted.stateDict(offset: 1), "exceeds its storage"),
      Spoiled("a negative offset", Crafted.stateDict(offset: -1), "exceeds its storage"),
      Spoiled(
        "sizes that wrap", Crafted.stateDict(sizes: [1 << 32, 1 << 32]), "exceeds its storage"),
      Spoiled("a negative size", Crafted.stateDict(sizes: [-2, -2]), "exceeds its storage"),
      Spoiled(
        "a stride past the storage", Crafted.stateDict(strides: [3, 1]), "exceeds its storage"),
      Spoiled(
        "strides that wrap", Crafted.stateDict(strides: [.max, .max]), "exceeds its storage"),
      Spoiled("a negative stride", Crafted.stateDict(strides: [-2, 1]), "exceeds its storage"),
      Spoiled("fewer strides than sizes", Crafted.stateDict(strides: [1]), "exceeds its storage"),
      Spoiled(
        "fifty axes",
        Crafted.stateDict(
          sizes: .init(repeating: 1, count: 50), strides: .init(repeating: 1, count: 50)),
        "exceeds its storage"
      ),
      Spoiled("storage of another size", Crafted.stateDict(count: 5), "bytes"),
      Spoiled("numbers of another size", Crafted.stateDict(storage: "DoubleStorage"), ""),
      Spoiled(
        "a view past its storage",
        Crafted.stateDict(
          view: Crafted.tuple([Crafted.text("v"), Crafted.integer(2), Crafted.integer(4)])),
        "not a valid view"
      ),
    ]
  }()

  @Test(arguments: spoiledPickles)
  func aSpoiledPickle(_ pickle: Spoiled) throws {
    for bytes in [Crafted.plain(pickle.bytes), Crafted.zip(Crafted.torch(pickle.bytes))] {
      let message = try refusal(of: bytes).message
      #expect(pickle.complaint.isEmpty || message.contains(pickle.complaint), "\(message)")
    }
  }

  static let spoiledPlain: [Spoiled] = {
    let pickle = Crafted.stateDict()
    let zeros = [UInt8](repeating: 0, count: 16)
    let twice =
      [0x80, 2, UInt8(ascii: "]")] + Crafted.text("0") + Array("a".utf8) + Crafted.text("0")
      + Array("a.".utf8)
    return [
      Spoiled(
        "4 GiB declared", Crafted.plain(pickle, storages: Crafted.little(UInt64(1 << 30)) + zeros)),
      Spoiled(
        "2⁶⁴−1 declared", Crafted.plain(pickle, storages: Crafted.little(UInt64.max) + zeros)),
      Spoiled("a trailing byte", Crafted.plain(pickle) + [0]),
      Spoiled("no storage", Crafted.plain(pickle, keys: Array("].".utf8), storages: [])),
      Spoiled(
        "a storage twice",
        Crafted.plain(
          pickle, keys: twice,
          storages: Crafted.little(UInt64(4)) + zeros
            + Crafted.little(UInt64(4)) + zeros)
      ),
      Spoiled(
        "a storage nobody names",
        Crafted.plain(
          pickle, keys: [0x80, 2, UInt8(ascii: "]")] + Crafted.text("9") + Array("a.".utf8))
      ),
    ]
  }()

  @Test(arguments: spoiledPlain)
  func aSpoiledPlainFile(_ file: Spoiled) throws { _ = try refusal(of: file.bytes) }

  // MARK: Zips

  static let spoiledZips: [Spoiled] = {
    let good = Crafted.torch(Crafted.stateDict())
    func spoiled(_ index: Int = 2, _ change: (inout Crafted.Entry) -> Void) -> [UInt8] {
      var entries = good
      change(&entries[index])
      return Crafted.zip(entries)
    }
    // The data of one entry contains the other, including its header.
    let inner = Crafted.zip([Crafted.Entry("x/data/0", .init(repeating: 0, count: 16))])
    let outerHeader = 30 + "x/outer".utf8.count
    var second = good[2]
    second.offset = UInt32(outerHeader)
    let overlapping = [Crafted.Entry("x/outer", inner), good[0], good[1]]
    let end = Array(Crafted.zip(good).suffix(22))
    let zip64: [UInt8] = [1, 0, 16, 0] + Array(repeating: 0xFF, count: 16)
    return [
      Spoiled("another local name", spoiled { $0.localName = "x/data/1" }, "differ"),
      Spoiled("other local flags", spoiled { $0.localFlags = 2 }, "differ"),
      Spoiled("a name twice", Crafted.zip(good + [good[0]]), "occurs twice"),
      Spoiled("an entry inside another", Crafted.zip(overlapping + [second]), "overlap"),
      Spoiled("a deflated entry", spoiled { $0.method = 8 }, "compressed"),
      Spoiled("an encrypted entry", spoiled { $0.flags = 1 }, "encrypted"),
      Spoiled("a wrong checksum of the pickle", spoiled(0) { $0.checksum = 7 }, "checksum"),
      Spoiled("a wrong checksum of a storage", spoiled { $0.checksum = 7 }, "checksum"),
      Spoiled("an entry past the archive", spoiled { $0.size = 1 << 30 }, "beyond the archive"),
      Spoiled(
        "zip64 sizes of 2⁶⁴−1",
        spoiled {
          $0.size = .max
          $0.extra = zip64
        }, "is too large"
      ),
      Spoiled("a zip64 field that is not there", spoiled { $0.size = .max }, "truncated"),
      Spoiled("a header outside the file", spoiled { $0.offset = 1 << 30 }, "truncated"),
      Spoiled("two end records", Crafted.zip(good, comment: end), "more than one zip end record"),
      Spoiled("text after the end", Crafted.zip(good, after: [0]), "no zip end record"),
      Spoiled("a gap before the end record", Crafted.zip(good, between: [0]), "not where"),
      Spoiled("more entries than there are", Crafted.zip(good, count: 9), ""),
      Spoiled("fewer entries than there are", Crafted.zip(good, count: 1), "extra bytes"),
      Spoiled("no data.pkl", Crafted.zip([good[1], good[2]]), "neither PyTorch"),
      Spoiled("big-endian", spoiled(1) { $0.data = Array("big".utf8) }, "big-endian"),
      Spoiled("a name with a NUL", spoiled { $0.name = "x/data/0\0" }, "invalid name"),
    ]
  }()

  @Test(arguments: spoiledZips)
  func aSpoiledZip(_ zip: Spoiled) throws {
    let message = try refusal(of: zip.bytes).message
    #expect(zip.complaint.isEmpty || message.contains(zip.complaint), "\(message)")
  }

  // MARK: safetensors

  static let spoiledSafetensors: [Spoiled] = {
    func one(_ fields: String, data: Int = 8) -> [UInt8] {
      Crafted.safetensors("{\"a\":{\(fields)}}", data: data)
    }
    func two(_ first: String, _ second: String, data: Int) -> [UInt8] {
      Crafted.safetensors(
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":\#(first)},"#
          + #""b":{"dtype":"F32","shape":[2],"data_offsets":\#(second)}}"#, data: data)
    }
    let good = #""dtype":"F32","shape":[2],"data_offsets":[0,8]"#
    let many = (0..<100_000).map {
      #""t\#($0)":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"#
    }
    let deep = String(repeating: "[", count: 600) + String(repeating: "]", count: 600)
    return [
      Spoiled("a header of 2⁶⁴−1 bytes", Crafted.safetensors("{}", data: 0, length: .max)),
      Spoiled("a header longer than the file", Crafted.safetensors("{}", data: 0, length: 3)),
      Spoiled("a header of 1 TB", Crafted.safetensors("{}", data: 0, length: 1 << 40)),
      Spoiled(
        "a product that wraps",
        one(#""dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]"#, data: 0)
      ),
      Spoiled(
        "a product that wraps to eight bytes",
        one(#""dtype":"F32","shape":[4611686018427387906],"data_offsets":[0,8]"#)
      ),
      Spoiled("a negative size", one(#""dtype":"F32","shape":[-2],"data_offsets":[0,8]"#)),
      Spoiled("a key twice", one(good + #","dtype":"F32""#)),
      Spoiled("a tensor twice", Crafted.safetensors("{\"a\":{\(good)},\"a\":{\(good)}}", data: 8)),
      Spoiled("overlapping", two("[0,8]", "[4,12]", data: 12)),
      Spoiled("the same place twice", two("[0,8]", "[0,8]", data: 8)),
      Spoiled("a hole", two("[0,8]", "[12,20]", data: 20)),
      Spoiled(
        "a hole at the start", one(#""dtype":"F32","shape":[2],"data_offsets":[4,12]"#, data: 12)),
      Spoiled("a trailing byte", one(good, data: 9)),
      Spoiled("a byte too few", one(good, data: 7)),
      Spoiled("a NUL in a name", Crafted.safetensors(#"{"a\u0000":{\#(good)}}"#, data: 8)),
      Spoiled("a line end in a name", Crafted.safetensors(#"{"a\nb":{\#(good)}}"#, data: 8)),
      Spoiled("a line end in a field", one(good + #","a\nb":1"#)),
      Spoiled("100,000 entries", Crafted.safetensors("{\(many.joined(separator: ","))}", data: 0)),
      Spoiled("600 levels", Crafted.safetensors(#"{"a":\#(deep)}"#, data: 0)),
      Spoiled(
        "a million values",
        Crafted.safetensors(
          "{\"a\":[" + String(repeating: "0,", count: 1_100_000) + "0]}", data: 0)
      ),
      Spoiled("4.0 as an offset", one(#""dtype":"F32","shape":[2],"data_offsets":[0,8.0]"#)),
      Spoiled(
        "1e3 as an offset", one(#""dtype":"F32","shape":[250],"data_offsets":[0,1e3]"#, data: 1000)),
      Spoiled("2.0 as a size", one(#""dtype":"F32","shape":[2.0],"data_offsets":[0,8]"#)),
      Spoiled("backward offsets", one(#""dtype":"F32","shape":[2],"data_offsets":[8,0]"#)),
      Spoiled("three offsets", one(#""dtype":"F32","shape":[2],"data_offsets":[0,8,8]"#)),
      Spoiled("an unknown type", one(#""dtype":"F31","shape":[2],"data_offsets":[0,8]"#)),
      Spoiled("an unknown field", one(good + #","strides":[1]"#)),
      Spoiled("no type", one(#""shape":[2],"data_offsets":[0,8]"#)),
      Spoiled("a list for a header", Crafted.safetensors("[]", data: 0)),
      Spoiled(
        "metadata that is no text", Crafted.safetensors(#"{"__metadata__":{"a":1}}"#, data: 0)),
      Spoiled("text after the header", Crafted.safetensors("{\"a\":{\(good)}} x", data: 8)),
    ]
  }()

  @Test(arguments: spoiledSafetensors)
  func aSpoiledSafetensorsFile(_ file: Spoiled) throws {
    _ = try refusal(of: file.bytes)
  }

  // MARK: Anything else

  @Test(arguments: [
    ("", "empty"), ("<html>not found</html>", "web page"), ("{\"a\": 1}", "JSON"),
    ("a plain text that is none of them", "were tried"),
  ])
  func whatIsNoCheckpoint(_ text: String, _ complaint: String) throws {
    #expect(try refusal(of: Array(text.utf8)).message.contains(complaint))
  }

  @Test func whatIsNotThere() throws {
    let error = outcome("\(scratch.folder)/nothing.pth", ForeignCheckpoint.open) as? ZooError
    #expect(error?.kind == .notFound)
  }
}
