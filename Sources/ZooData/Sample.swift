import ZooKit
import ZooVision

/// An object in a picture: where, and of what class.
public struct ObjectBox: Hashable, Sendable {
  /// In pixels of the picture, continuous: pixel (0, 0) reaches from 0 to 1.
  public var frame: Frame
  public var classIndex: Int
  /// A region of many objects (COCO): no example to learn from, and nothing to be missed.
  public var isCrowd: Bool
  /// VOC's flag: not counted when a detector is judged.
  public var isDifficult: Bool
  /// The area of the object's outline where it is known; COCO calls an object small by it.
  public var area: Double?

  public init(
    _ frame: Frame, classIndex: Int, isCrowd: Bool = false, isDifficult: Bool = false,
    area: Double? = nil
  ) {
    self.frame = frame
    self.classIndex = classIndex
    self.isCrowd = isCrowd
    self.isDifficult = isDifficult
    self.area = area
  }
}

/// What is to be learned about a picture.
public enum Truth: Sendable {
  case none
  case label(Int)
  case labels(Set<Int>)
  case boxes([ObjectBox])
  /// The class of each pixel: one channel, as large as the picture. ``ignored`` is no class.
  case mask(Picture)
  /// Numbers to be predicted: an age, landmarks.
  case values([Float])

  /// Pixels of a mask that count for nothing: where nobody knows, or beyond the picture.
  public static let ignored: UInt8 = 255
}

/// A picture with what is true of it, in memory.
public struct Sample: Sendable {
  /// The file's path within the data set, or its place in an archive.
  public var name: String
  public var picture: Picture
  public var truth: Truth

  public init(name: String, picture: Picture, truth: Truth) {
    self.name = name
    self.picture = picture
    self.truth = truth
  }
}
