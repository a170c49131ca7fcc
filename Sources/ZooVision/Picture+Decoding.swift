import CPicture
import Glibc
import ZooKit
import ZooStore

extension Picture {
  /// How many pixels are decoded unless the caller wants more: a file of a few bytes can promise
  /// any number of them.
  public static let pixelLimit = 100_000_000

  /// Reads a JPEG or PNG file.
  ///
  /// A JPEG is decoded as libjpeg-turbo does by default, to grey or RGB; CMYK becomes RGB by
  /// PIL's formula. A PNG becomes grey, RGB, or RGBA where it has alpha or a transparent colour.
  /// Of 16-bit samples the high byte is kept: so does PIL for colours, whereas its `I;16` grey
  /// saturates at 255 when converted, which leaves nothing of a micrograph.
  ///
  /// Any warning of the decoder is an error: whatever stands behind a gap is a guess.
  ///
  /// - Parameters:
  ///   - path: The file, of either format: its first bytes tell which.
  ///   - asNumbers: The samples are classes or numbers of objects. Of a PNG with a palette of colours
  ///     the indices are read, in one channel, and grey samples of 16 bits as they are, up to 255, or
  ///     65535 as 255.
  ///   - orient: Turn the picture as its EXIF orientation says. PIL leaves that to the caller
  ///     (`ImageOps.exif_transpose`), and torchvision does not do it.
  ///   - pixelLimit: Larger pictures are refused before they are decoded.
  public init(
    contentsOf path: String, asNumbers: Bool = false, orient: Bool = true,
    pixelLimit: Int = Picture.pixelLimit
  ) throws {
    let file = try RandomAccessFile(path)
    let start = try file.read(at: 0, count: min(file.size, Codec.signatureLength))
    _ = try Codec(start, of: path)
    // Raw pixels of 16 bits take 8 bytes; nothing that is needed takes twice as much.
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

  /// Decodes a JPEG or PNG file that is in memory; errors call it by its origin.
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

/// What a file is, by its first bytes; its name may say anything.
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

/// A message that C left in a field, an array which Swift sees as a tuple; one line of it.
func text<Field>(of field: Field) -> String {
  withUnsafeBytes(of: field) { bytes in
    String(decoding: bytes.prefix { $0 != 0 && $0 != 10 }, as: UTF8.self)
  }
}
