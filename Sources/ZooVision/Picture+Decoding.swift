import CPicture
import Glibc
import ZooKit
import ZooStore

extension Picture {
  /// The default limit of pixels, because a file of a few bytes can claim any number of them.
  public static let pixelLimit = 100_000_000

  /// Reads a JPEG or PNG file.
  ///
  /// A JPEG is decoded to grey or RGB with libjpeg-turbo's defaults; CMYK becomes RGB by PIL's
  /// formula. A PNG becomes grey, RGB, or RGBA if it has alpha or a transparent colour. 16-bit
  /// samples keep their high byte, as PIL does for colours. PIL's `I;16` grey instead saturates at
  /// 255 when converted, which would leave nothing of a micrograph.
  ///
  /// Any warning of the decoder is an error, because pixels after a gap are guesses.
  ///
  /// - Parameters:
  ///   - path: The file, in either format, which is recognised by its first bytes.
  ///   - asNumbers: Whether the samples are classes or object numbers. A palette PNG with colours
  ///     then gives its indices, in one channel; 16-bit grey gives its values, up to 255, or 65535
  ///     as 255.
  ///   - orient: Whether to apply the EXIF orientation. PIL leaves that to the caller
  ///     (`ImageOps.exif_transpose`), and torchvision does not do it.
  ///   - pixelLimit: Larger pictures are rejected before decoding.
  public init(
    contentsOf path: String, asNumbers: Bool = false, orient: Bool = true,
    pixelLimit: Int = Picture.pixelLimit
  ) throws {
    let file = try RandomAccessFile(path)
    let start = try file.read(at: 0, count: min(file.size, Codec.signatureLength))
    _ = try Codec(start, of: path)
    // Raw 16-bit pixels take 8 bytes; no legitimate file is twice as large.
    guard file.size / 16 <= max(pixelLimit, 1 << 24) else {
      throw ZooError.corrupt(
        "\(path) has \(file.size) bytes, more than \(pixelLimit) pixels can take")
    }
    guard let memory = malloc(file.size) else {
      throw ZooError.failure("\(path): not enough memory for \(file.size) bytes")
    }
    defer { free(memory) }
    let bytes = UnsafeMutableRawBufferPointer(start: memory, count: file.size)
    try file.read(into: bytes, at: 0)
    try self.init(
      decoding: .init(bytes), origin: path, asNumbers: asNumbers, orient: orient,
      pixelLimit: pixelLimit)
  }

  /// Decodes a JPEG or PNG file in memory; errors name it by its origin.
  public init(
    decoding bytes: UnsafeRawBufferPointer, origin: String, asNumbers: Bool = false,
    orient: Bool = true, pixelLimit: Int = Picture.pixelLimit
  ) throws {
    let codec = try Codec(bytes.prefix(Codec.signatureLength), of: origin)
    let decode = asNumbers && codec == .png ? zoo_png_decode_numbers : codec.decode
    var decoded = ZooDecoded()
    let limit = UInt64(clamping: pixelLimit)
    let status = decode(
      bytes.assumingMemoryBound(to: UInt8.self).baseAddress, bytes.count, limit, &decoded)
    defer { free(decoded.exif) }
    let (width, height) = (Int(decoded.width), Int(decoded.height))
    guard status == ZooPictureDone, let pixels = decoded.pixels else {
      switch status {
      case ZooPictureTruncated: throw ZooError.corrupt("\(origin) is truncated")
      case ZooPictureTooLarge:
        throw ZooError.corrupt(
          "\(origin): \(width)×\(height) pixels, at most \(limit) are decoded "
            + "(raise with --pixel-limit)")
      case ZooPictureNoMemory:
        throw ZooError.failure("\(origin): not enough memory for \(width)×\(height) pixels")
      default:
        throw ZooError.corrupt("\(origin) is damaged: \(text(of: decoded.message))")
      }
    }
    let channels = Int(decoded.channels)
    self.init(
      width: width, height: height, channels: channels,
      samples: Samples(pixels, count: width * height * channels))
    isReduced = decoded.reduced
    let exif = UnsafeRawBufferPointer(start: decoded.exif, count: decoded.exif_count)
    if orient, let orientation = Orientation(exif: exif) { self = try oriented(orientation) }
  }

  public init(
    decoding bytes: [UInt8], origin: String, asNumbers: Bool = false, orient: Bool = true,
    pixelLimit: Int = Picture.pixelLimit
  ) throws {
    self = try bytes.withUnsafeBytes {
      try Picture(
        decoding: $0, origin: origin, asNumbers: asNumbers, orient: orient, pixelLimit: pixelLimit)
    }
  }
}

/// The format of a file, by its first bytes, whatever its name.
private enum Codec {
  case jpeg, png

  static let signatureLength = 8

  init(_ start: some Collection<UInt8>, of origin: String) throws {
    if start.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if start.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else {
      throw ZooError.corrupt(
        start.isEmpty ? "\(origin) is empty" : "\(origin) is neither JPEG nor PNG")
    }
  }

  var decode:
    (UnsafePointer<UInt8>?, Int, UInt64, UnsafeMutablePointer<ZooDecoded>?) -> ZooPictureStatus
  {
    switch self {
    case .jpeg: zoo_jpeg_decode
    case .png: zoo_png_decode
    }
  }
}

/// A message in a C array field, which Swift sees as a tuple; its first line.
func text<Field>(of field: Field) -> String {
  withUnsafeBytes(of: field) { bytes in
    String(decoding: bytes.prefix { $0 != 0 && $0 != 10 }, as: UTF8.self)
  }
}
