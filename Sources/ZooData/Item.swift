import ZooKit
import ZooVision

/// A picture of a data set before it is decoded: where it is, and what is known about it.
public struct Item: Sendable {
  public var name: String
  public var source: PictureSource
  public var annotation: Annotation

  public init(name: String, source: PictureSource, annotation: Annotation) {
    self.name = name
    self.source = source
    self.annotation = annotation
  }
}

/// Where the pixels are.
public enum PictureSource: Sendable {
  case file(String)
  /// Raw samples in an archive that is in memory, from an offset on: interleaved, or plane after
  /// plane.
  case raw(Archive, offset: Int, size: Window.Size, channels: Int, isPlanar: Bool)
}

/// Bytes that many items share.
public final class Archive: Sendable {
  public let path: String
  let bytes: [UInt8]

  init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }
}

/// What is known about a picture, as its data set says it.
public enum Annotation: Sendable {
  case none
  case label(Int)
  case labels(Set<Int>)
  /// In pixels; with the picture's size where the data set states it.
  case boxes([ObjectBox], of: Window.Size?)
  /// In parts of the picture's width and height, as YOLO writes them.
  case fractions([ObjectBox])
  /// A picture whose values stand for classes.
  case mask(path: String, MaskValues)
  case values([Float])
}

extension Item {
  /// There are boxes to learn from: a region of many objects teaches nothing about one.
  public var showsObjects: Bool {
    switch annotation {
    case .boxes(let boxes, _), .fractions(let boxes): boxes.contains { !$0.isCrowd }
    case .none, .label, .labels, .mask, .values: false
    }
  }

  /// The picture, decoded, and its truth in the picture's own pixels.
  public func sample() throws -> Sample {
    switch annotation {
    case .none: return Sample(name: name, picture: try picture(), truth: .none)
    case .label(let index): return Sample(name: name, picture: try picture(), truth: .label(index))
    case .labels(let set): return Sample(name: name, picture: try picture(), truth: .labels(set))
    case .values(let values):
      return Sample(name: name, picture: try picture(), truth: .values(values))
    case .boxes(let boxes, let size):
      let picture = try picture(expecting: size)
      return Sample(name: name, picture: picture, truth: .boxes(boxes))
    case .fractions(let boxes):
      let picture = try picture()
      let (width, height) = (Double(picture.width), Double(picture.height))
      return Sample(
        name: name, picture: picture,
        truth: .boxes(
          boxes.map { box in
            var scaled = box
            scaled.frame = Frame(
              x0: box.frame.x0 * width, y0: box.frame.y0 * height, x1: box.frame.x1 * width,
              y1: box.frame.y1 * height)
            return scaled
          }))
    case .mask(let path, let values):
      // Both as they were drawn: a mask tool writes no EXIF.
      var picture = try picture()
      let mask = try values.classes(ofMask: path)
      if mask.size != picture.size { picture = try self.picture(orient: false) }
      guard mask.size == picture.size else {
        throw ZooError.corrupt(
          "\(path) has \(mask.width)×\(mask.height) pixels, its picture \(name) has "
            + "\(picture.width)×\(picture.height)")
      }
      return Sample(name: name, picture: picture, truth: .mask(mask))
    }
  }

  private func picture(orient: Bool = true) throws -> Picture {
    switch source {
    case .file(let path): return try Picture(contentsOf: path, orient: orient)
    case .raw(let archive, let offset, let size, let channels, let isPlanar):
      let (area, count) = (size.width * size.height, size.width * size.height * channels)
      guard offset >= 0, offset <= archive.bytes.count - count else {
        throw ZooError.corrupt("\(archive.path) ends within \(name)")
      }
      let raw = archive.bytes[offset..<offset + count]
      guard isPlanar, channels > 1 else {
        return try Picture(width: size.width, height: size.height, channels: channels, pixels: raw)
      }
      var picture = try Picture(width: size.width, height: size.height, channels: channels)
      try picture.withMutablePixels { pixels in
        raw.withUnsafeBufferPointer { raw in
          for channel in 0..<channels {
            for pixel in 0..<area {
              pixels[pixel * channels + channel] = raw[channel * area + pixel]
            }
          }
        }
      }
      return picture
    }
  }

  /// The boxes tell how the picture was held when they were drawn: COCO's are in the stored
  /// picture, whatever its EXIF orientation.
  private func picture(expecting size: Window.Size?) throws -> Picture {
    let picture = try picture()
    guard let size, picture.size != size else { return picture }
    let stored = try self.picture(orient: false)
    guard stored.size == size else {
      throw ZooError.corrupt(
        "\(name) has \(picture.width)×\(picture.height) pixels, its annotation says "
          + "\(size.width)×\(size.height)")
    }
    return stored
  }
}
