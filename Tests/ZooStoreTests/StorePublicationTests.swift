import Foundation
import Synchronization
import Testing
import ZooKit
import ZooStore

/// Counts the system calls of writing and makes one of them fail.
final class Faults: Sendable {
  enum Fault: CaseIterable {
    case full, broken, interrupted, short

    var code: Int32? {
      switch self {
      case .full: ENOSPC
      case .broken: EIO
      case .interrupted: EINTR
      case .short: nil
      }
    }
  }

  private let left: Mutex<Int>
  let fault: Fault
  /// Whether the failing call was reached.
  var struck: Bool { left.withLock { $0 < 0 } }

  init(_ fault: Fault, at call: Int) {
    left = Mutex(call)
    self.fault = fault
  }

  private func strikes() -> Bool {
    left.withLock {
      $0 -= 1
      return $0 == -1
    }
  }

  private func fails() -> Bool {
    guard strikes(), let code = fault.code else { return false }
    errno = code
    return true
  }

  var calls: SystemCalls {
    let real = SystemCalls.real
    var calls = real
    calls.open = { self.fails() ? -1 : real.open($0, $1, $2) }
    calls.pwrite = { file, bytes, offset in
      guard self.strikes() else { return real.pwrite(file, bytes, offset) }
      guard let code = self.fault.code else {
        return real.pwrite(file, .init(rebasing: bytes.prefix((bytes.count + 1) / 2)), offset)
      }
      errno = code
      return -1
    }
    calls.truncate = { self.fails() ? -1 : real.truncate($0, $1) }
    calls.sync = { self.fails() ? -1 : real.sync($0) }
    calls.rename = { self.fails() ? -1 : real.rename($0, $1) }
    return calls
  }
}

@Suite struct StorePublicationTests {
  let scratch = try! Scratchpad()

  /// Whichever call fails, either the old or the new file is there, whole, and nothing else.
  @Test(arguments: Faults.Fault.allCases) func everyCallThatFails(_ fault: Faults.Fault) throws {
    try Sample.write(scratch["new.h5"])
    let new = try Data(contentsOf: URL(filePath: scratch["new.h5"]))
    let old = Data("what was there".utf8)
    let path = scratch["x.h5"]
    var contents = try WeightStore.contents(
      meta: Sample.meta, weights: Sample.weights(), golden: Sample.golden())
    contents.addDigests()
    var failures = 0
    for call in 0... {
      try old.write(to: URL(filePath: path))
      let faults = Faults(fault, at: call)
      var error: ZooError?
      do { try contents.write(to: path, calls: faults.calls) } catch let found as ZooError {
        error = found
      }
      let stands = try Data(contentsOf: URL(filePath: path))
      #expect(scratch.files.sorted() == ["new.h5", "x.h5"])
      if let error {
        failures += 1
        #expect(
          error.kind == .io && error.message.contains("x.h5") || error.message.contains("sync"))
        #expect(stands == old || stands == new)
      } else {
        #expect(stands == new)
      }
      if !faults.struck { break }
      #expect((error != nil) == (fault == .full || fault == .broken))
    }
    #expect(fault == .interrupted || fault == .short || failures > 8)
  }

  @Test func placesThatCannotBe() throws {
    for path in ["/no/such/folder/x", scratch.path, "/dev/null", "", scratch["x/"]] {
      let error = #expect(throws: ZooError.self) { try Publication.write(to: path) { _ in } }
      #expect(error?.kind == .cannotCreate)
    }
    #expect(scratch.files == [])
  }

  @Test func anErrorOfTheWriterLeavesNothing() throws {
    #expect(throws: ZooError.usage("no")) {
      try Publication.write(to: scratch["x"]) {
        try $0.append("half".utf8)
        throw ZooError.usage("no")
      }
    }
    #expect(scratch.files == [])
  }

  @Test func aLinkStaysALink() throws {
    try Data().write(to: URL(filePath: scratch["real"]))
    try FileManager.default.createSymbolicLink(
      atPath: scratch["link"], withDestinationPath: "real")
    try Publication.write(to: scratch["link"]) { try $0.append("text".utf8) }
    #expect(try String(contentsOfFile: scratch["real"], encoding: .utf8) == "text")
    #expect(scratch.files.sorted() == ["link", "real"])
  }

  @Test func readingPastTheEnd() throws {
    try Data("0123456789".utf8).write(to: URL(filePath: scratch["x"]))
    let file = try RandomAccessFile(scratch["x"])
    #expect(try file.read(at: 3, count: 4) == Array("3456".utf8))
    #expect(try file.read(at: 10, count: 0) == [])
    for (offset, count) in [(8, 3), (11, 0), (-1, 2), (0, -1), (5, Int.max), (Int.max, 1)] {
      let error = #expect(throws: ZooError.self) { try file.read(at: offset, count: count) }
      #expect(error?.kind == .corrupt)
    }
  }
}
