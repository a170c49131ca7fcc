import ZooKit
import ZooVision

/// A picture of a data set that is not decoded yet: its location and annotation.
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

/// The location of the pixels.
public enum PictureSource: Sendable {
  case file(String)
  /// Raw samples at an offset of an archive in memory: interleaved, or plane by plane.
  case raw(Archive, offset: Int, size: Window.Size, channels: Int, isPlanar: Bool)
}

/// Bytes shared by many items.
public final class Archive: Sendable {
  public let path: String
  let bytes: [UInt8]

  init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }
}

/// The annotation of a picture, as the data set states it.
public enum Annotation: Sendable {
  case none
  case label(Int)
  case labels(Set<Int>)
  /// In pixels; with the picture's size if the data set states it.
  case boxes([ObjectBox], of: Window.Size?)
  /// Relative to the picture's width and height, as in YOLO.
  case fractions([ObjectBox])
  /// A mask whose values represent classes.
  case mask(path: String, MaskValues)
  case values([Float])
}

extension Item {
  /// Whether there are boxes to train on; regions of many objects do not count.
  public var showsObjects: Bool {
    switch annotation {
    case .boxes(let boxes, _), .fractions(let boxes): boxes.contains { !$0.isCrowd }
    case .none, .label, .labels, .mask, .values: false
    }
  }

  /// The decoded picture and its annotation in the picture's own pixels.
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
      // Without EXIF rotation, because mask tools write no EXIF.
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

  /// The annotation's size tells how the picture was oriented when boxes were drawn: COCO's boxes
  /// are in the stored picture, whatever its EXIF orientation.
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
