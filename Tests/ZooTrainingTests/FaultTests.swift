import Foundation
import Synchronization
import TestSupport
import Testing
import ZooKit
import ZooStore
import ZooTraining

/// Lets one of the calls that write fail.
private final class Fault: Sendable {
  private let left: Mutex<Int>
  private let code: Int32

  init(_ code: Int32, at call: Int) {
    left = Mutex(call)
    self.code = code
  }

  /// Calls so far, of a fault that never comes.
  var count: Int { left.withLock { .max - $0 } }

  private func strikes() -> Bool {
    left.withLock {
      $0 -= 1
      // A full disk stays full.
      guard $0 < 0 else { return false }
      errno = code
      return true
    }
  }

  var calls: SystemCalls {
    let real = SystemCalls.real
    var calls = real
    calls.open = { self.strikes() ? -1 : real.open($0, $1, $2) }
    calls.pwrite = { self.strikes() ? -1 : real.pwrite($0, $1, $2) }
    calls.truncate = { self.strikes() ? -1 : real.truncate($0, $1) }
    calls.sync = { self.strikes() ? -1 : real.sync($0) }
    calls.rename = { self.strikes() ? -1 : real.rename($0, $1) }
    return calls
  }
}

struct FaultTests {
  let scratch = Scratch()

  /// A disk that is full or broken from some call on: the run ends with an error, the checkpoints
  /// that stand there can be read, and from them it goes on to the same end.
  @Test(arguments: [ENOSPC, EIO]) func fullDisk(_ code: Int32) throws {
    func trainer() throws -> Trainer {
      try SmallTraining.trainer {
        $0.epochs = 2
        $0.saveEvery = 4
      }
    }
    var counted = try trainer()
    let counter = Fault(code, at: .max)
    counted.calls = counter.calls
    _ = try counted.run(in: scratch["whole"])
    #expect(counter.count > 40)
    let isSlow = ProcessInfo.processInfo.environment["ZOO_SLOW_TESTS"] == "1"
    // A stride without a pattern, unless there is time for all of them.
    for call in stride(from: code == EIO ? 1 : 0, to: counter.count, by: isSlow ? 1 : 11) {
      let name = "run \(call)"
      var broken = try trainer()
      broken.calls = Fault(code, at: call).calls
      let error = #expect(throws: ZooError.self) { try broken.run(in: scratch[name]) }
      #expect(error?.kind == .io, "\(error as Any) at call \(call)")
      // A run that learned nothing leaves no folder.
      let isThere = FileManager.default.fileExists(atPath: scratch[name])
      let files = isThere ? try scratch.files(name) : []
      for file in ["best.h5", "last.h5"] where files.contains(file) {
        let weights = try WeightStore(scratch["\(name)/\(file)"]).load()
        #expect(weights.count == 15, "\(file) after call \(call)")
      }
      _ = try trainer().run(in: scratch[name], resuming: files.contains("run.json"))
      for file in ["best.h5", "last.h5", "log.csv"] {
        #expect(
          try scratch.bytes("\(name)/\(file)") == scratch.bytes("whole/\(file)"),
          "\(file) after call \(call)")
      }
      try FileManager.default.removeItem(atPath: scratch[name])
    }
  }

  /// A state that was tampered with is refused, whatever byte it was.
  @Test func aDamagedState() throws {
    _ = try SmallTraining.trainer { $0.epochs = 1 }.run(in: scratch["run"])
    let path = scratch["run/last.h5"]
    let bytes = try scratch.bytes("run/last.h5")
    let state = try #require(bytes.firstRange(of: Data("\"cursor\"".utf8)))
    for place in [state.lowerBound, state.upperBound + 2, bytes.count - 100] {
      var damaged = bytes
      damaged[place] ^= 1
      try damaged.write(to: URL(filePath: path))
      let error = #expect(throws: ZooError.self) {
        try SmallTraining.trainer { $0.epochs = 1 }.run(in: scratch["run"], resuming: true)
      }
      #expect(error?.kind == .corrupt && error?.message.contains("last.h5") == true)
    }
  }
}
