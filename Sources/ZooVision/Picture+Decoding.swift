import CPicture
import Glibc
import ZooKit
import ZooStore

extension Picture {
  /// The ends of the names of files in a format that is read.
  public static let endings = [
    "jpg", "jpeg", "png", "tif", "tiff", "webp", "bmp", "gif",
  ]

  /// The default limit of pixels, because a file of a few bytes can claim any number of them.
  public static let pixelLimit = 100_000_000

  /// Reads a JPEG, PNG, TIFF, WebP, BMP or GIF file.
  ///
  /// A JPEG is decoded to grey or RGB with libjpeg-turbo's defaults; CMYK becomes RGB by PIL's
  /// formula. A PNG becomes grey, RGB, or RGBA if it has alpha or a transparent colour. 16-bit
  /// samples keep their high byte, as PIL does for colours. PIL's `I;16` grey instead saturates at
  /// 255 when converted, which would leave nothing of a micrograph.
  ///
  /// Of a TIFF file the first page is read, with 1 to 16 bits a sample, by libtiff; of a GIF file the
  /// first frame; of WebP only pictures that are not animated, by libwebp. Both libraries are loaded with the
  /// first such file, and where one is missing the error names Debian's package.
  ///
  /// Any warning of the decoder is an error, because pixels after a gap are guesses.
  ///
  /// - Parameters:
  ///   - path: The file, whose format is recognised by its first bytes.
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
      throw ZooError.system("\(path): not enough memory for \(file.size) bytes")
    }
    defer { free(memory) }
    let bytes = UnsafeMutableRawBufferPointer(start: memory, count: file.size)
    try file.read(into: bytes, at: 0)
    try self.init(
      decoding: .init(bytes), origin: path, asNumbers: asNumbers, orient: orient,
      pixelLimit: pixelLimit)
  }

  /// Decodes the bytes of a file in memory; errors name it by its origin.
  ///
  /// ```swift
  /// let photo = try request.body.withUnsafeBytes { try Picture(decoding: $0, origin: "the upload") }
  /// ```
  public init(
    decoding bytes: UnsafeRawBufferPointer, origin: String, asNumbers: Bool = false,
    orient: Bool = true, pixelLimit: Int = Picture.pixelLimit
  ) throws {
    let codec = try Codec(bytes.prefix(Codec.signatureLength), of: origin)
    let decode: Codec.Decoder
    switch codec {
    case .bmp:
      try self.init(bmp: bytes, origin: origin, asNumbers: asNumbers, pixelLimit: pixelLimit)
      return
    case .gif:
      try self.init(gif: bytes, origin: origin, asNumbers: asNumbers, pixelLimit: pixelLimit)
      return
    case .jpeg: decode = zoo_jpeg_decode
    case .png where asNumbers: decode = zoo_png_decode_numbers
    case .png: decode = zoo_png_decode
    case .tiff where asNumbers: decode = zoo_tiff_decode_numbers
    case .tiff: decode = zoo_tiff_decode
    case .webp: decode = zoo_webp_decode
    }
    var decoded = ZooDecoded()
    let limit = UInt64(clamping: pixelLimit)
    let status = decode(
      bytes.assumingMemoryBound(to: UInt8.self).baseAddress, bytes.count, limit, &decoded)
    defer { free(decoded.exif) }
    let (width, height) = (Int(decoded.width), Int(decoded.height))
    guard status == ZooPictureDone, let pixels = decoded.pixels else {
      switch status {
      case ZooPictureTruncated: throw ZooError.corrupt("\(origin) is truncated")
      case ZooPictureTooLarge: throw Picture.tooLarge(width, height, limit: pixelLimit, origin)
      case ZooPictureNoLibrary:
        let (library, package) = codec == .tiff ? ("libtiff", "libtiff6") : ("libwebp", "libwebp7")
        throw ZooError.unavailable(
          "\(origin) needs \(library), which is missing: apt install \(package)")
      case ZooPictureNoMemory:
        throw ZooError.system("\(origin): not enough memory for \(width)×\(height) pixels")
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
    let orientation = Orientation(exif: exif) ?? Orientation(Int(decoded.orientation))
    if orient, let orientation { self = try oriented(orientation) }
  }

  /// Rejects a picture that the caller does not want to hold.
  static func check(_ width: Int, _ height: Int, limit: Int, _ origin: String) throws {
    let (pixels, overflows) = width.multipliedReportingOverflow(by: height)
    guard !overflows, pixels <= limit else { throw tooLarge(width, height, limit: limit, origin) }
  }

  private static func tooLarge(_ width: Int, _ height: Int, limit: Int, _ origin: String)
    -> ZooError
  {
    .corrupt(
      "\(origin): \(width)×\(height) pixels, at most \(limit) are decoded "
        + "(raise with --pixel-limit)")
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
  case jpeg, png, tiff, webp, bmp, gif

  typealias Decoder =
    (UnsafePointer<UInt8>?, Int, UInt64, UnsafeMutablePointer<ZooDecoded>?) -> ZooPictureStatus

  static let signatureLength = 18

  /// In little and big endian, with offsets of 32 and of 64 bits.
  private static let tiffStarts: [[UInt8]] = [
    [0x49, 0x49, 42, 0], [0x4D, 0x4D, 0, 42], [0x49, 0x49, 43, 0], [0x4D, 0x4D, 0, 43],
  ]

  init(_ start: some Collection<UInt8>, of origin: String) throws {
    func says(_ text: String, at place: Int = 0) -> Bool {
      start.dropFirst(place).starts(with: text.utf8)
    }
    if start.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if start.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if Self.tiffStarts.contains(where: { start.starts(with: $0) }) {
      self = .tiff
    } else if says("RIFF"), says("WEBP", at: 8) {
      self = .webp
    } else if says("GIF87a") || says("GIF89a") {
      self = .gif
    } else if says("BM"), start.count >= 18, start.dropFirst(15).prefix(3).allSatisfy({ $0 == 0 }) {
      // Two letters alone begin many texts: the length of the next header has one byte.
      self = .bmp
    } else {
      throw ZooError.corrupt(
        start.isEmpty
          ? "\(origin) is empty" : "\(origin) is not a JPEG, PNG, TIFF, WebP, BMP or GIF picture")
    }
  }
}

/// A message in a C array field, which Swift sees as a tuple; its first line.
func text<Field>(of field: Field) -> String {
  withUnsafeBytes(of: field) { bytes in
    String(decoding: bytes.prefix { $0 != 0 && $0 != 10 }, as: UTF8.self)
  }
}
