import ZooKit
import ZooVision

/// An object in a picture: its box and class.
public struct ObjectBox: Hashable, Sendable {
  /// In pixels of the picture, continuous: pixel (0, 0) spans 0 to 1.
  public var frame: Frame
  public var classIndex: Int
  /// A region of many objects (COCO), which is ignored in training and evaluation.
  public var isCrowd: Bool
  /// VOC's flag: ignored when a detector is evaluated.
  public var isDifficult: Bool
  /// The area of the object's outline, if known; COCO's size ranges use it.
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

/// The target for a picture.
public enum Truth: Sendable {
  case none
  case label(Int)
  case labels(Set<Int>)
  case boxes([ObjectBox])
  /// The class of each pixel: one channel with the picture's size. ``ignored`` means no class.
  case mask(Picture)
  /// Numbers to predict: an age, landmarks.
  case values([Float])

  /// Mask pixels to ignore: unknown, or beyond the picture.
  public static let ignored: UInt8 = 255
}

/// A picture and its target, in memory.
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
