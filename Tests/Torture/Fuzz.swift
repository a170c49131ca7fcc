import Foundation
import ZooFormats
import ZooKit
import ZooStore
import ZooVision

// What .ci/fuzz calls with each input. Not part of the package: it is linked with libFuzzer, and with
// sources that are compiled for it.

private let reader = ProcessInfo.processInfo.environment["ZOO_FUZZ"] ?? "json"
private let path = "/dev/shm/zoo-fuzz-\(getpid())"

/// An input is read or refused; anything else is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: bytes, count: count))
  do {
    switch reader {
    case "json": _ = try JSON(parsing: input, origin: "input").text()
    case "record": _ = try Checkpoint(JSON(parsing: input, origin: "input"), in: "input")
    case "picture": _ = try Picture(decoding: input, origin: "input", pixelLimit: 1_000_000)
    default:
      // libhdf5 is tested by mutants, because it runs in a process of its own.
      guard !input.starts(with: [0x89, 0x48]) else { return -1 }
      try Data(input).write(to: URL(filePath: path))
      let source = try ForeignCheckpoint.open(path)
      for tensor in source.tensors.prefix(4) where tensor.shape.count < 1 << 16 {
        _ = try source.tensor(tensor.name)
      }
    }
  } catch is ZooError {
  } catch {
    fatalError("\(error)")
  }
  return 0
}
