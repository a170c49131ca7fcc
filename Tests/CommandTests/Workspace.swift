import Foundation
import ModelZoo
import TestSupport
import Testing

/// What a run of the program left behind.
struct Outcome {
  /// Nil where a signal ended it.
  let status: Int32?
  let output: String
  let errors: String
  let seconds: Double
  /// The most memory it held at once, its own children's not counted.
  let peak: Int

  /// The result, which must be all of standard output.
  var json: JSON {
    get throws { try JSON(parsing: output, origin: "standard output") }
  }

  /// One line on standard error, as every error is, without the program's name.
  var error: String? {
    guard errors.hasPrefix("zoo: "), errors.hasSuffix("\n"),
      errors.count(where: \.isNewline) == 1
    else { return nil }
    return String(errors.dropFirst(5).dropLast())
  }
}

/// A temporary folder with a home of its own in which the program runs.
final class Workspace {
  let path: String
  /// More variables than those that every run gets.
  var environment: [String: String] = [:]

  init() {
    var template = Array("/tmp/zoo-command-XXXXXX".utf8CString)
    path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  subscript(name: String) -> String { "\(path)/\(name)" }

  func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
    try Data(Array(bytes)).write(to: URL(filePath: self[name]))
  }

  func write(_ text: String, to name: String) throws { try write(text.utf8, to: name) }

  func has(_ name: String) -> Bool { access(self[name], F_OK) == 0 }

  var files: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  /// Runs the program as a user would.
  /// - Parameters:
  ///   - program: what runs it, `unshare` for example.
  ///   - output: a file that is standard output.
  ///   - limit: seconds; a run that takes longer is killed and has no status.
  func zoo(
    _ arguments: [String], under program: [String] = [], output: String? = nil,
    limit: Double = 60
  ) throws -> Outcome {
    try Workspace.run(
      arguments, in: path, environment, under: program, output: output, limit: limit)
  }

  func zoo(_ arguments: String...) throws -> Outcome { try zoo(arguments) }

  /// The same with `workshop`, which lies beside `zoo`.
  func workshop(_ arguments: String...) throws -> Outcome {
    try zoo(arguments, under: ["sh", "-c", #"program="${0%zoo}workshop"; exec "$program" "$@""#])
  }

  static func run(
    _ arguments: [String], in path: String, _ environment: [String: String],
    under program: [String] = [], output: String? = nil, limit: Double = 60
  ) throws -> Outcome {
    let streams = [output ?? "\(path)/.output-\(UUID())", "\(path)/.errors-\(UUID())"]
    defer {
      if output == nil { unlink(streams[0]) }
      unlink(streams[1])
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for (index, stream) in streams.enumerated() {
      posix_spawn_file_actions_addopen(
        &actions, Int32(index + 1), stream, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    }

    let words = ["/usr/bin/env", "-C", path] + program + [Workspace.binary] + arguments
    var variables = ["HOME": path, "ZOO_HOME": "\(path)/home", "LANG": "C.UTF-8"]
    for name in ["PATH", "LD_LIBRARY_PATH"] {
      variables[name] = ProcessInfo.processInfo.environment[name]
    }
    variables.merge(environment) { $1 }
    var argv = words.map { strdup($0) } + [nil]
    var envp = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }

    var pid: pid_t = 0
    let start = ContinuousClock.now
    guard posix_spawn(&pid, words[0], &actions, nil, &argv, &envp) == 0 else {
      throw ZooError.failure("cannot run \(words[0])")
    }
    var status: Int32 = 0
    var peak = 0
    var isLate = false
    // The kernel's own record of the peak begins with the parent's: the child's must be watched.
    while waitpid(pid, &status, WNOHANG) == 0 {
      peak = max(peak, Workspace.peak(of: pid) ?? 0)
      if !isLate, ContinuousClock.now - start > .seconds(limit) {
        isLate = true
        kill(pid, SIGKILL)
      }
      usleep(500)
    }
    let elapsed = (ContinuousClock.now - start).components
    return Outcome(
      status: status & 0x7F == 0 ? status >> 8 & 0xFF : nil,
      output: output == nil ? Workspace.text(streams[0]) : "", errors: Workspace.text(streams[1]),
      seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18, peak: peak)
  }

  /// The program, beside the tests.
  static let binary: String = {
    let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    return tests.deletingLastPathComponent().appending(path: "zoo").path
  }()

  private static func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }

  private static func peak(of pid: pid_t) -> Int? {
    guard let file = fopen("/proc/\(pid)/status", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, file) != nil {
      let words = line.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        .split(whereSeparator: \.isWhitespace)
      if words.first == "VmHWM:", let size = words.dropFirst().first.flatMap({ Int($0) }) {
        return size << 10
      }
    }
    return nil
  }
}

extension JSON {
  /// The keys of an object, in their order.
  var keys: [String] {
    if case .object(let members) = content { members.map(\.key) } else { [] }
  }
}

/// The smallest network of the catalogue with weights that a formula gives.
enum Small {
  static let variant = "resnet20"

  /// The same weights as safetensors and as a checkpoint of ours.
  static let files: (foreign: [UInt8], store: [UInt8]) = {
    do {
      let workspace = Workspace()
      var weights = Weights()
      for parameter in try Registry.linked().variant(variant).graph().parameters {
        weights[parameter.name] = try Formula.parameter(parameter.name, parameter.shape)
      }
      try SafeTensors.write(weights, to: workspace["small.safetensors"])
      let imported = try workspace.zoo(
        "import", "small.safetensors", "--as", variant, "-o", "small.h5")
      guard imported.status == 0 else { throw ZooError.failure(imported.errors) }
      return (try bytes("small.safetensors"), try bytes("small.h5"))

      func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: workspace[name])))
      }
    } catch {
      Issue.record(error)
      return ([], [])
    }
  }()
}

extension Workspace {
  /// A workspace with `small.safetensors`, `small.h5` and `small.png`.
  static func furnished() throws -> Workspace {
    let workspace = Workspace()
    try workspace.write(Small.files.foreign, to: "small.safetensors")
    try workspace.write(Small.files.store, to: "small.h5")
    try Picture(
      width: 40, height: 36, channels: 3, pixels: (0..<4320).map { UInt8($0 * 7919 >> 3 & 255) }
    ).write(png: workspace["small.png"])
    return workspace
  }

  /// The small network under names that another port might have.
  func rename(_ file: String, _ rename: (String) -> String) throws {
    let small = try SafeTensors(self["small.safetensors"])
    var weights = Weights()
    for info in small.tensors { weights[rename(info.name)] = try small.tensor(info.name) }
    try SafeTensors.write(weights, to: self[file])
  }
}

/// Files that other tests share.
func golden(_ name: String) -> String {
  URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Golden/\(name)").path
}

/// All that runs the program, one test after another: many processes at once would only wait for
/// one another.
@Suite(.serialized) enum CommandLineTests {}
