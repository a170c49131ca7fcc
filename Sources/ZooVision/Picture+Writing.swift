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

  /// The picture as the bytes of a JPEG file, for thumbnails; alpha is left out.
  /// - Parameter quality: From 1 to 100.
  public func jpeg(quality: Int = 82) throws -> [UInt8] {
    let opaque = try channels == 4 ? rgb : self
    // The format counts rows and columns in 16 bits.
    return try opaque.withEncoded("a JPEG", longest: 65_500, { Array($0) }) { pixels, encoded in
      zoo_jpeg_encode(
        pixels, UInt32(opaque.width), UInt32(opaque.height), UInt32(opaque.channels),
        Int32(min(max(quality, 1), 100)), &encoded)
    }
  }

  private func withEncodedPNG<R>(
    _ name: String, _ palette: [Colour] = [], _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R {
    try withEncoded(name, longest: Int(Int32.max), body) { pixels, encoded in
      zoo_png_encode(
        pixels, UInt32(width), UInt32(height), UInt32(channels),
        palette.flatMap { [$0.red, $0.green, $0.blue] }, UInt32(palette.count), &encoded)
    }
  }

  private func withEncoded<R>(
    _ name: String, longest: Int, _ body: (UnsafeRawBufferPointer) throws -> R,
    _ encode: (UnsafePointer<UInt8>?, inout ZooEncoded) -> ZooPictureStatus
  ) throws -> R {
    guard max(width, height) <= longest else {
      throw ZooError.cannotCreate("\(name) cannot hold \(width)×\(height) pixels")
    }
    var encoded = ZooEncoded()
    defer { free(encoded.bytes) }
    let status = withPixels { encode($0.baseAddress, &encoded) }
    switch status {
    case ZooPictureDone: return try body(.init(start: encoded.bytes, count: encoded.count))
    case ZooPictureNoMemory: throw ZooError.system("\(name): not enough memory to encode it")
    default:
      let reason = text(of: encoded.message)
      // libpng has no other sign of it.
      throw ZooError(
        reason.contains("memory") ? .system : .failure, "\(name) cannot be encoded: \(reason)")
    }
  }
}
