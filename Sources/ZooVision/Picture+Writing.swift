import CPicture
import Glibc
import ZooKit

extension Picture {
  /// Writes a PNG file, whole or not at all.
  public func write(png path: String) throws {
    try withEncodedPNG(path) { bytes in
      try Publication.write(to: path) { try $0.append(bytes) }
    }
  }

  /// The picture as the bytes of a PNG file.
  public var png: [UInt8] {
    get throws { try withEncodedPNG("a PNG") { Array($0) } }
  }

  private func withEncodedPNG<R>(
    _ name: String, _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R {
    guard width <= Int32.max, height <= Int32.max else {
      throw ZooError.cannotCreate("\(name): no PNG holds \(width)×\(height) pixels")
    }
    var encoded = ZooEncoded()
    defer { free(encoded.bytes) }
    let status = withPixels {
      zoo_png_encode($0.baseAddress, UInt32(width), UInt32(height), UInt32(channels), &encoded)
    }
    switch status {
    case ZooPictureDone: return try body(.init(start: encoded.bytes, count: encoded.count))
    case ZooPictureNoMemory: throw ZooError.failure("\(name): not enough memory to encode it")
    default: throw ZooError.failure("\(name) cannot be encoded: \(text(of: encoded.message))")
    }
  }
}
