import Foundation
import TestSupport
import Testing
import ZooKit
import ZooStore

/// Libraries made here by a C compiler, to test the errors about plugin files.
@Suite(.enabled(if: Compiled.compiler != nil, "there is no C compiler to make plugins with"))
struct PluginTests {
  @Test func registersAndSaysFrom() throws {
    let plugin = try Compiled()
    var registry = try Registry.linked()
    try registry.load(plugin: plugin.path)
    #expect(registry.families.first { $0.name == "Example" }?.origin == plugin.path)
    #expect(try registry.variant("example8").graph().parameterCount == 224)
    try registry.load(plugin: plugin.path)
    #expect(registry.families.count { $0.name == "Example" } == 1, "once more changes nothing")
  }

  @Test func relativePathsAndLinks() throws {
    let plugin = try Compiled()
    let ups = String(
      repeating: "../", count: FileManager.default.currentDirectoryPath.split(separator: "/").count)
    let link = plugin.folder + "/link.so"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: plugin.path)
    for path in [ups + plugin.path.dropFirst(), link] {
      var registry = Registry()
      try registry.load(plugin: path)
      #expect(registry.families.first?.origin == plugin.path)
    }
  }

  @Test func twoOfOneNameAreNamedBoth() throws {
    let first = try Compiled(), second = try Compiled()
    var registry = Registry()
    try registry.load(plugin: first.path)
    expectError(.corrupt, "family Example", first.path, second.path, in: registry, second.path)
  }

  @Test(arguments: [0o606, 0o660, 0o666]) func writableForOthers(_ mode: Int) throws {
    let plugin = try Compiled()
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: plugin.path)
    expectError(.corrupt, plugin.path, "chmod go-w", plugin.path)
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
  func someoneElses() throws {
    let plugin = try Compiled()
    #expect(chown(plugin.path, 12345, 12345) == 0)
    expectError(.corrupt, plugin.path, "12345", plugin.path)
  }

  @Test func anotherInterface() throws {
    let plugin = try Compiled(interface: "zoo plugin 0, clang 1")
    expectError(
      .corrupt, plugin.path, "“zoo plugin 0, clang 1”", Registry.interface, plugin.path)
  }

  @Test func noPluginAtAll() throws {
    let plain = try Compiled("int answer(void) { return 42; }")
    expectError(.corrupt, plain.path, "zoo_plugin_interface", plain.path)
    let silent = try Compiled(Compiled.interface(Registry.interface))
    expectError(.corrupt, silent.path, "zoo_plugins", silent.path)
    let empty = try Compiled(
      Compiled.interface(Registry.interface)
        + "__attribute__((used, section(\"zoo_plugins\"))) static void *registration = 0;")
    expectError(.corrupt, empty.path, "registers no family", empty.path)
    let text = plain.folder + "/text.so"
    try Data(
      "INPUT ( libc.so.6 ) and more than sixty-four bytes of text, as a linker script has it"
        .utf8
    ).write(to: URL(filePath: text))
    expectError(.corrupt, text, "ELF", text)
    try Data().write(to: URL(filePath: text))
    expectError(.corrupt, text, "0 bytes", text)
    expectError(.notFound, plain.folder, "not a file", plain.folder)
    expectError(.notFound, "absent.so", plain.folder + "/absent.so")
    let pipe = plain.folder + "/pipe.so"
    #expect(mkfifo(pipe, 0o600) == 0)
    expectError(.notFound, pipe, "not a file", pipe)
  }

  /// None of their code runs: a constructor in this one would end the tests.
  @Test func checksComeBeforeConstructors() throws {
    let trap = "__attribute__((constructor)) static void trap(void) { __builtin_trap(); }"
    let plugin = try Compiled(interface: "zoo plugin 0", more: trap)
    expectError(.corrupt, "zoo plugin 0", plugin.path)
    let open = try Compiled(more: trap)
    #expect(chmod(open.path, 0o666) == 0)
    expectError(.corrupt, "chmod", open.path)
  }

  @Test func missingSymbol() throws {
    let plugin = try Compiled(
      more: "extern int nowhere_to_be_found; int *p = &nowhere_to_be_found;")
    expectError(.corrupt, plugin.path, "nowhere_to_be_found", plugin.path)
  }

  @Test func hostOfItsOwn() throws {
    let plugin = try Compiled(more: "const void *zoo_plugins_begin(void) { return 0; }")
    expectError(.corrupt, plugin.path, "ZooPlugin", plugin.path)
  }

  /// The loader maps what the headers describe; beyond a file's end that causes a signal.
  @Test func cutAnywhere() throws {
    let plugin = try Compiled()
    let whole = try Data(contentsOf: URL(filePath: plugin.path))
    let cut = plugin.folder + "/cut.so"
    for count in Array(stride(from: 0, to: whole.count, by: 97)) + [whole.count - 1] {
      try whole.prefix(count).write(to: URL(filePath: cut))
      expectError(.corrupt, cut, cut)
    }
  }

  /// Headers with any content are read, but never followed out of the file.
  @Test func flippedHeaders() throws {
    let plugin = try Compiled()
    let whole = try Data(contentsOf: URL(filePath: plugin.path))
    let mutant = URL(filePath: plugin.folder + "/mutant.so")
    try whole.write(to: mutant)
    let file = open(mutant.path, O_WRONLY)
    defer { close(file) }
    let tables = Int(whole[40]) | Int(whole[41]) << 8 | Int(whole[42]) << 16
    for place in Array(0..<400) + Array(tables..<whole.count) {
      for value: UInt8 in place < 64 ? [0, 0x7F, 0xFF] : [0xFF] {
        #expect(pwrite(file, [value], 1, off_t(place)) == 1)
        do { _ = try PluginFile(mutant.path) } catch let error as ZooError {
          #expect(error.kind == .corrupt && error.message.contains("mutant.so"))
        }
      }
      #expect(pwrite(file, [whole[place]], 1, off_t(place)) == 1)
    }
    var other = whole
    other[18] = 8  // MIPS
    try other.write(to: mutant)
    expectError(.corrupt, mutant.path, "machine", mutant.path)
  }

  @Test func searchPathGoesOn() throws {
    let good = try Compiled(), bad = try Compiled(interface: "zoo plugin 0")
    try Data("x".utf8).write(to: URL(filePath: good.folder + "/notes.txt"))
    try Data("x".utf8).write(to: URL(filePath: good.folder + "/libZooPlugin.so"))
    var registry = Registry()
    let problems = registry.load(searchPath: "\(bad.path)::/absent:\(good.folder):")
    #expect(problems.map(\.kind) == [.corrupt, .notFound])
    #expect(registry.families.map(\.name) == ["Example"])
    #expect(registry.load(searchPath: "").isEmpty)
  }

  /// The last text is the file to load.
  private func expectError(
    _ kind: ZooError.Kind, _ texts: String..., in registry: Registry = Registry(),
    _ path: String? = nil, location: SourceLocation = #_sourceLocation
  ) {
    var changed = registry
    let error = #expect(throws: ZooError.self, sourceLocation: location) {
      try changed.load(plugin: path ?? texts[texts.count - 1])
    }
    #expect(error?.kind == kind, sourceLocation: location)
    for text in texts {
      #expect(
        error?.message.contains(text) == true, "\(error?.message ?? "")",
        sourceLocation: location)
    }
    #expect(error?.message.contains("\n") == false, sourceLocation: location)
    #expect(
      changed.families.map(\.name) == registry.families.map(\.name), sourceLocation: location)
  }
}

private struct Example: Architecture {
  static let name = "Example"
  static let paper = "none"
  static let variants = ["example8": Example()]
  func features(_ image: Node) -> Node { image.conv("conv", to: 8, kernel: 3, padding: 1) }
  func head(_ features: Node, classes: Int) -> Node { features.globalAveragePool().flatten() }
}

/// A library made by a C compiler, in a separate folder.
private final class Compiled {
  static let compiler: String? = {
    let paths: [String] = ["/usr/bin/cc", "/usr/bin/clang", "/usr/bin/gcc"]
    return paths.first { access($0, X_OK) == 0 }
  }()

  let folder: String
  var path: String { folder + "/libPlugin.so" }

  /// A plugin that registers `Example`.
  convenience init(interface: String = Registry.interface, more: String = "") throws {
    // C cannot name an architecture, so the registration is a function of this process, by address.
    let registration: Registration = { $0.register(Example.self) }
    let address = unsafeBitCast(registration, to: UInt.self)
    try self.init(
      Compiled.interface(interface) + """
        struct registrar { void *registry; };
        static void go(struct registrar r) { ((void (*)(struct registrar))\(address)ul)(r); }
        __attribute__((used, section("zoo_plugins"))) static void (*registration)(struct registrar)
            = go;
        \(more)
        """)
  }

  static func interface(_ text: String) -> String {
    """
    const char zoo_plugin_interface[] = "\(text)";

    """
  }

  init(_ source: String) throws {
    var template = Array("/tmp/zoo-plugin-XXXXXX".utf8CString)
    folder = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    try Data(source.utf8).write(to: URL(filePath: folder + "/plugin.c"))
    let process = Process()
    process.executableURL = URL(filePath: try #require(Compiled.compiler))
    process.arguments = ["-shared", "-fPIC", "-w", "-o", path, folder + "/plugin.c"]
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    #expect(chmod(path, 0o755) == 0)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }
}
