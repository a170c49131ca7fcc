import ZooKit

/// Maps between the pixels of a network's input and of the original picture.
///
/// A detector finds boxes in the input; a placement maps them back to the picture. Coordinates are
/// continuous: pixel (0, 0) spans 0 to 1, and its centre is at one half.
///
/// ```swift
/// let placement = try preprocessing.placement(of: photo.size)
/// let (x, y) = placement.pictureCoordinates(x: 112, y: 112)    // the middle of the input
/// ```
public struct Placement: Hashable, Sendable {
  /// The original size.
  public var picture: Window.Size
  /// The size after resizing.
  public var resized: Window.Size
  /// The region that is cropped from the resized picture; the part beyond it is padding.
  public var shown: Region

  public init(picture: Window.Size, resized: Window.Size, shown: Region) {
    self.picture = picture
    self.resized = resized
    self.shown = shown
  }

  /// Maps a point of the input to the picture; outside of it in padding.
  public func pictureCoordinates(x: Double, y: Double) -> (x: Double, y: Double) {
    (
      (x + Double(shown.x)) * Double(picture.width) / Double(resized.width),
      (y + Double(shown.y)) * Double(picture.height) / Double(resized.height)
    )
  }

  /// Maps a point of the picture to the input; outside of it in a part that was cropped.
  public func inputCoordinates(x: Double, y: Double) -> (x: Double, y: Double) {
    (
      x * Double(resized.width) / Double(picture.width) - Double(shown.x),
      y * Double(resized.height) / Double(picture.height) - Double(shown.y)
    )
  }
}

extension Preprocessing {
  /// The placement of a picture of this size: torchvision's `Resize` and `CenterCrop`, and its
  /// detectors' rule.
  public func placement(of picture: Window.Size) throws -> Placement {
    let resized: Window.Size
    switch resize {
    case .none: resized = picture
    case .exact(let height, let width): resized = .init(height, width)
    case .shorterSide(let side):
      let short = min(picture.width, picture.height)
      let long = max(picture.width, picture.height)
      let (product, overflow) = side.multipliedReportingOverflow(by: long)
      guard short > 0, side > 0, !overflow else {
        throw ZooError.failure(
          "a picture of \(picture.width)×\(picture.height) cannot be resized to \(side)")
      }
      resized =
        picture.width <= picture.height
        ? .init(product / short, side) : .init(side, product / short)
    case .within(let shorter, let longer):
      let short = Double(min(picture.width, picture.height))
      let long = Double(max(picture.width, picture.height))
      guard short > 0, shorter > 0, longer > 0 else {
        throw ZooError.failure(
          "a picture of \(picture.width)×\(picture.height) cannot be resized to \(shorter)")
      }
      // In float64 and rounded down, as in PyTorch; a side stays at least one pixel.
      let factor = min(Double(shorter) / short, Double(longer) / long)
      resized = .init(
        max(1, Int(Double(picture.height) * factor)), max(1, Int(Double(picture.width) * factor)))
    case .letterbox(let height, let width, _):
      // One side fits exactly; the other is rounded down, as in Darknet.
      let (across, wide) = picture.height.multipliedReportingOverflow(by: width)
      let (down, tall) = picture.width.multipliedReportingOverflow(by: height)
      guard picture.height > 0, picture.width > 0, !wide, !tall else {
        throw ZooError.failure(
          "a picture of \(picture.width)×\(picture.height) does not fit into \(width)×\(height)")
      }
      let fitted: Window.Size =
        across <= down
        ? .init(max(1, across / picture.width), width)
        : .init(height, max(1, down / picture.height))
      return Placement(
        picture: picture, resized: fitted,
        shown: Region(
          x: -((width - fitted.width) / 2), y: -((height - fitted.height) / 2), width: width,
          height: height))
    }
    let size = crop ?? resized
    return Placement(
      picture: picture, resized: resized,
      shown: Region(
        x: margin(resized.width, size.width), y: margin(resized.height, size.height),
        width: size.width, height: size.height))
  }
}

/// The start of the central `crop` of `side` pixels; negative if padding is needed.
///
/// Half of an odd remainder is rounded like Python's `round`, to the even neighbour; for padding
/// the smaller half comes first.
private func margin(_ side: Int, _ crop: Int) -> Int {
  if crop > side { return -((crop - side) / 2) }
  let (half, odd) = (side - crop).quotientAndRemainder(dividingBy: 2)
  return half + (odd == 1 && half % 2 == 1 ? 1 : 0)
}
