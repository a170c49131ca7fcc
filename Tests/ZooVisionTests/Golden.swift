import Foundation
import TestSupport
import Testing
import ZooKit
import ZooStore
import ZooVision

/// Results of Pillow and torchvision for the same pictures, written by
/// `Tests/Golden/vision/make.py`.
enum Golden {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Golden/vision").path

  static func records<Record: Decodable>(_ name: String) -> Record {
    try! JSONDecoder().decode(
      Record.self, from: Data(contentsOf: URL(filePath: "\(folder)/\(name).json")))
  }

  static func sample(_ name: String) -> String { "\(folder)/samples/\(name)" }

  static func bytes(of name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: sample(name))))
  }
}

/// Horner's rule over the bytes, modulo 2⁶⁴, at the FNV prime: make.py computes it as a dot
/// product.
func digest(_ bytes: some Sequence<UInt8>) -> String {
  let hash = bytes.reduce(0 as UInt64) { $0 &* 0x100_0000_01B3 &+ UInt64($1) }
  return String(repeating: "0", count: hash.leadingZeroBitCount / 4)
    + (hash == 0 ? "" : String(hash, radix: 16))
}

func digest(_ picture: Picture) -> String { picture.withPixels { digest($0) } }

func digest(_ tensor: Tensor) -> String {
  tensor.withValues { digest(UnsafeRawBufferPointer($0)) }
}

/// Smooth at the top left, ever finer waves and moiré towards the bottom right; as in make.py.
func synthetic(_ width: Int, _ height: Int, _ channels: Int) throws -> Picture {
  var picture = try Picture(width: width, height: height, channels: channels)
  try picture.withMutablePixels { pixels in
    var index = 0
    for y in 0..<height {
      for x in 0..<width {
        for c in 0..<channels {
          let value = (3 * x * x + 5 * y * y + 7 * x * y * (c + 1) + 496 * c) >> 4
          pixels[index] = UInt8(truncatingIfNeeded: value)
          index += 1
        }
      }
    }
  }
  return picture
}
