import CPicture
import Glibc
import ZooKit
import ZooStore

extension Picture {
  /// Writes a PNG file, whole or not at all.
  public func write(png path: String) throws {
    try withEncodedPNG(path) { bytes in
      try Publication.write(to: path) { try $0.append(bytes) }
    }
  }

  /// Writes a one-channel picture as a PNG whose samples are indices into a palette: the format of
  /// class masks, which every viewer shows in colours.
  /// - Parameters:
  ///   - path: The file, written whole or not at all.
  ///   - palette: A colour for every value that occurs, 256 at most.
  public func write(png path: String, palette: [Colour]) throws {
    let bytes = try png(palette: palette)
    try Publication.write(to: path) { try $0.append(bytes) }
  }

  /// The picture as the bytes of a PNG file.
  public var png: [UInt8] {
    get throws { try withEncodedPNG("a PNG") { Array($0) } }
  }

  /// The same for one channel, with samples as indices into a palette.
  public func png(palette: [Colour]) throws -> [UInt8] {
    let highest = withPixels { $0.max() ?? 0 }
    guard channels == 1, Int(highest) < palette.count, palette.count <= 256 else {
      throw ZooError.failure(
        "\(palette.count) colours for \(channels) channels of values up to \(highest); one channel "
          + "and up to 256 colours make a palette")
    }
    return try withEncodedPNG("a PNG", palette) { Array($0) }
  }

  private func withEncodedPNG<R>(
    _ name: String, _ palette: [Colour] = [], _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R {
    guard width <= Int32.max, height <= Int32.max else {
      throw ZooError.cannotCreate("\(name): no PNG holds \(width)×\(height) pixels")
    }
    var encoded = ZooEncoded()
    defer { free(encoded.bytes) }
    let status = withPixels {
      zoo_png_encode(
        $0.baseAddress, UInt32(width), UInt32(height), UInt32(channels),
        palette.flatMap { [$0.red, $0.green, $0.blue] }, UInt32(palette.count), &encoded)
    }
    switch status {
    case ZooPictureDone: return try body(.init(start: encoded.bytes, count: encoded.count))
    case ZooPictureNoMemory: throw ZooError.failure("\(name): not enough memory to encode it")
    default: throw ZooError.failure("\(name) cannot be encoded: \(text(of: encoded.message))")
    }
  }
}
