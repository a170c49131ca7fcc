import Foundation
import Testing
import ZooArguments

/// Runs a program with a script on its standard input; nil if it is not installed.
private func output(of program: String, _ arguments: [String], script: String) throws -> (
  status: Int32, text: String
)? {
  let folder = FileManager.default.temporaryDirectory.appending(path: "zoo-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  guard
    let path = ["/usr/bin/", "/bin/"].map({ $0 + program }).first(where: { access($0, X_OK) == 0 })
  else { return nil }
  try script.write(to: folder.appending(path: "script"), atomically: true, encoding: .utf8)
  for name in ["a.jpg", "b.png", "c.txt", "with space.jpg", "store.h5", "plugin.so"] {
    try "".write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
  }
  try FileManager.default.createDirectory(
    at: folder.appending(path: "pictures"), withIntermediateDirectories: true)
  let process = Process()
  let pipe = Pipe()
  process.executableURL = URL(filePath: path)
  process.arguments = arguments + ["script"]
  process.currentDirectoryURL = folder
  process.standardInput = FileHandle.nullDevice
  process.standardOutput = pipe
  process.standardError = pipe
  try process.run()
  let data = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return (process.terminationStatus, String(decoding: data, as: UTF8.self))
}

@Suite struct CompletionTests {
  /// A shell function stands in for `zoo` and its hidden call.
  private static let names =
    #"zoo() { [[ $1$2 == completion--names ]] && printf '%s\n' resnet18 resnet34 vgg16; }"#

  @Test(arguments: Shell.allCases) func aShellAcceptsItsScript(_ shell: Shell) throws {
    let script = sample.completionScript(for: shell)
    guard let result = try output(of: shell.rawValue, ["-n"], script: script) else { return }
    #expect(result.status == 0 && result.text.isEmpty, "\(result.text)")
  }

  /// The words so far, as bash splits them (at `=`); the last one is being typed.
  @Test(arguments: [
    ("zoo l", "list"), ("zoo help pr", "predict"), ("zoo --j", "--json"),
    ("zoo --engine o", "openblas onednn"), ("zoo --engine = o", "openblas onednn"),
    ("zoo --engine auto ver", "verify"), ("zoo --engine = auto ver", "verify"),
    ("zoo list --t", "--task --top"), ("zoo list --sec", ""),
    ("zoo list --task c", "classification"), ("zoo list --task = d", "detection"),
    ("zoo list --task =", "classification segmentation detection"),
    ("zoo list res", "resnet18 resnet34"), ("zoo list --top 3 v", "vgg16"),
    ("zoo list resnet18 v", ""), ("zoo list -k ", ""),
    ("zoo predict sto", "store.h5"), ("zoo predict vgg16 ", "a.jpg b.png pictures with space.jpg"),
    ("zoo predict --keep = x vgg16 a.jpg b", "b.png"), ("zoo predict m --draw ", "pictures"),
    ("zoo --plugin p", "pictures plugin.so"), ("zoo export m -o c", "c.txt"),
    ("zoo completion f", "fish"), ("zoo nonsense ", ""), ("zoo export m extra ", ""),
  ])
  func whatBashOffers(_ line: String, _ expected: String) throws {
    var words = line.split(separator: " ").map { "'\($0)'" }
    if line.hasSuffix(" ") { words.append("''") }
    let script = """
      \(sample.completionScript(for: .bash))
      \(Self.names)
      COMP_WORDS=(\(words.joined(separator: " "))); COMP_CWORD=\(words.count - 1)
      _zoo
      printf '%s\\n' "${COMPREPLY[@]}" | sort | tr '\\n' ' '
      """
    guard let result = try output(of: "bash", ["--norc"], script: script) else { return }
    let offered = result.text.trimmingCharacters(in: .whitespaces)
    let wanted = expected.split(separator: " ").sorted().joined(separator: " ")
    let sorted = offered.split(separator: " ").sorted().joined(separator: " ")
    #expect(sorted == wanted)
  }

  @Test(arguments: [
    ("zoo l", ["list"]), ("zoo predict m --dr", ["--draw"]),
    ("zoo list --task ", ["classification", "segmentation", "detection"]),
    ("zoo list res", ["resnet18", "resnet34"]), ("zoo --engine o", ["openblas", "onednn"]),
    ("zoo completion ", ["bash", "zsh", "fish"]), ("zoo predict vgg16 a", ["a.jpg"]),
  ])
  func whatFishOffers(_ line: String, _ expected: [String]) throws {
    let script = """
      function zoo; printf '%s\\n' resnet18 resnet34 vgg16; end
      \(sample.completionScript(for: .fish))
      complete -C '\(line)'
      """
    guard let result = try output(of: "fish", ["--no-config"], script: script) else { return }
    let words = result.text.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
    #expect(Set(words).isSuperset(of: expected), "\(result.text)")
  }

  /// zsh completes only in a line editor, so this only checks that the function loads.
  @Test func zshLoadsTheFunction() throws {
    let script = """
      autoload -U compinit; compinit -D -u
      \(sample.completionScript(for: .zsh))
      print $+functions[_zoo] $_comps[zoo]
      """
    guard let result = try output(of: "zsh", ["-f"], script: script) else { return }
    #expect(result.text == "1 _zoo\n")
  }

  @Test func scriptsStaySmall() {
    for shell in Shell.allCases {
      #expect(sample.completionScript(for: shell).utf8.count < 10_000)
    }
  }
}
