import Foundation
import TestSupport
import Testing
import ZooKit
import ZooTraining

/// The small run in a separate process, killed from outside.
@Suite(.serialized) struct KillTests {
  let scratch = Scratch()

  static let isSlow = ProcessInfo.processInfo.environment["ZOO_SLOW_TESTS"] == "1"

  /// Starts the program; it pauses after each step.
  private func start(_ folder: String, pause: Int = 2000) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "training-program")
    process.arguments = [scratch[folder], "\(pause)"]
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    return process
  }

  private func finish(_ folder: String, pause: Int = 0) throws {
    let process = try start(folder, pause: pause)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  private func expectSame(_ folder: String, _ note: String) throws {
    #expect(try differences(scratch[folder], scratch["whole"]) == [], "\(note)")
  }

  /// SIGKILL at a random moment, once or several times, then run to the end.
  @Test func killedAndResumed() throws {
    let clock = ContinuousClock()
    let whole = try clock.measure { try finish("whole", pause: 2000) }
    let length =
      Double(whole.components.attoseconds) * 1e-12 + Double(whole.components.seconds) * 1e6
    var killed = 0
    for round in 0..<(KillTests.isSlow ? 100 : 10) {
      let folder = "run \(round)"
      var moments: [Int] = []
      for _ in 0..<(round % 3 + 1) {
        let process = try start(folder)
        moments.append(Int.random(in: 0..<Int(length)))
        usleep(UInt32(moments[moments.count - 1]))
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        killed += process.terminationReason == .uncaughtSignal ? 1 : 0
      }
      try finish(folder)
      try expectSame(folder, "killed after \(moments) of \(Int(length)) µs")
      try FileManager.default.removeItem(atPath: scratch[folder])
    }
    #expect(killed > 3)
  }

  @Test(arguments: [SIGINT, SIGTERM]) func signalsSaveFirst(_ signal: Int32) throws {
    try finish("whole")
    let process = try start("run", pause: 20_000)
    // The second epoch has started when the first is in the log.
    while (try? scratch.bytes("run/log.csv").isEmpty) ?? true, process.isRunning { usleep(1000) }
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 128 + signal)
    try finish("run")
    try expectSame("run", "signal \(signal)")
  }
}
