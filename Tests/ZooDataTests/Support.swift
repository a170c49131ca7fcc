import Foundation
import TestSupport
import Testing
import ZooData
import ZooKit
import ZooVision

/// A folder that is removed when the test ends.
final class Scratch {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory.appending(path: "zoo-data-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  private func file(_ name: String) throws -> String {
    let file = "\(path)/\(name)"
    try FileManager.default.createDirectory(
      atPath: URL(filePath: file).deletingLastPathComponent().path,
      withIntermediateDirectories: true)
    return file
  }

  func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: URL(filePath: file(name)))
  }

  @discardableResult
  func picture(
    _ name: String, _ width: Int = 12, _ height: Int = 8, channels: Int = 3, level: UInt8 = 90
  ) throws -> Picture {
    let picture = try plain(width, height, channels, level)
    try write(picture, to: name)
    return picture
  }

  /// Without the fsync of a permanent file.
  func write(_ picture: Picture, to name: String) throws { try write(picture.png, to: name) }
}

func plain(_ width: Int, _ height: Int, _ channels: Int, _ level: UInt8) throws -> Picture {
  try Picture(
    width: width, height: height, channels: channels,
    pixels: Array(repeating: level, count: width * height * channels))
}

/// Waves that make every position different from its neighbours.
func pattern(_ width: Int, _ height: Int, channels: Int = 3) throws -> Picture {
  var pixels: [UInt8] = []
  for y in 0..<height {
    for x in 0..<width {
      for c in 0..<channels {
        pixels.append(
          UInt8(truncatingIfNeeded: (3 * x * x + 5 * y * y + 7 * x * y * (c + 1) + 496 * c) >> 4))
      }
    }
  }
  return try Picture(width: width, height: height, channels: channels, pixels: pixels)
}

/// The error message of opening the data set.
func refusal(_ path: String) -> String {
  do {
    return "no error: \(try Dataset.open(path))"
  } catch let error as ZooError {
    return error.message
  } catch {
    return "another error: \(error)"
  }
}

func boxTruth(_ truth: Truth) -> [ObjectBox] {
  if case .boxes(let boxes) = truth { boxes } else { [] }
}

func corners(_ frame: Frame) -> [Double] { [frame.x0, frame.y0, frame.x1, frame.y1] }
