import Glibc
import ZooKit

/// A picture in memory: 8-bit samples, interleaved, row by row from the top left.
///
/// ```swift
/// let photo = try Picture(contentsOf: "ant.jpg")
/// let small = try photo.rgb.resized(to: .init(224, 224))
/// try small.write(png: "ant.png")
/// ```
public struct Picture: Sendable {
  public let width: Int
  public let height: Int
  /// 1 for grey, 3 for RGB, 4 for RGBA.
  public let channels: Int
  /// Whether the file had 16-bit samples, of which the high bytes were kept.
  public internal(set) var isReduced = false
  private var samples: Samples

  /// A picture from existing samples.
  public init(width: Int, height: Int, channels: Int, pixels: some Collection<UInt8>) throws {
    try self.init(width: width, height: height, channels: channels)
    guard pixels.count == count else {
      throw ZooError.failure(
        "\(pixels.count) samples do not fill a picture of \(width)×\(height)×\(channels)")
    }
    _ = samples.bytes.update(fromContentsOf: pixels)
  }

  /// A picture of zeros: black and, with alpha, transparent.
  public init(width: Int, height: Int, channels: Int) throws {
    guard width > 0, height > 0, channels == 1 || channels == 3 || channels == 4 else {
      throw ZooError.failure("\(width)×\(height)×\(channels) is not a valid picture size")
    }
    let (pixels, wide) = width.multipliedReportingOverflow(by: height)
    let (count, tall) = pixels.multipliedReportingOverflow(by: channels)
    guard !wide, !tall, let samples = Samples(zeros: count) else {
      throw ZooError.system("not enough memory for a picture of \(width)×\(height)×\(channels)")
    }
    self.init(width: width, height: height, channels: channels, samples: samples)
  }

  init(width: Int, height: Int, channels: Int, samples: Samples) {
    self.width = width
    self.height = height
    self.channels = channels
    self.samples = samples
  }

  /// The total number of samples.
  public var count: Int { width * height * channels }
  public var size: Window.Size { .init(height, width) }
  public var pixels: [UInt8] { withPixels(Array.init) }

  public func withPixels<R>(_ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R {
    try withExtendedLifetime(samples) { try body(UnsafeBufferPointer(samples.bytes)) }
  }

  /// Copies first if another picture shares the memory.
  public mutating func withMutablePixels<R>(
    _ body: (UnsafeMutableBufferPointer<UInt8>) throws -> R
  ) throws -> R {
    if !isKnownUniquelyReferenced(&samples) {
      guard let copy = Samples(zeros: count) else {
        throw ZooError.system("not enough memory for a copy of a picture of \(width)×\(height)")
      }
      _ = copy.bytes.update(fromContentsOf: samples.bytes)
      samples = copy
    }
    return try body(samples.bytes)
  }
}

extension Picture: Equatable {
  /// Compares size and samples.
  public static func == (a: Picture, b: Picture) -> Bool {
    (a.width, a.height, a.channels) == (b.width, b.height, b.channels)
      && a.withPixels { a in b.withPixels { b in a.elementsEqual(b) } }
  }
}

/// Memory from malloc, because the decoders allocate it, and because a failure can be caught.
///
/// `@unchecked Sendable`: written only while uniquely referenced, by the picture that owns it.
final class Samples: @unchecked Sendable {
  let bytes: UnsafeMutableBufferPointer<UInt8>

  init?(zeros count: Int) {
    guard count > 0, let memory = calloc(count, 1) else { return nil }
    bytes = .init(start: memory.bindMemory(to: UInt8.self, capacity: count), count: count)
  }

  /// Takes ownership of the memory.
  init(_ memory: UnsafeMutablePointer<UInt8>, count: Int) {
    bytes = .init(start: memory, count: count)
  }

  deinit { free(bytes.baseAddress) }
}
