import ZooKit

/// One of several looks at a picture: all of it, a part of it, or it with a border, mirrored or not.
/// Answers for several views of a picture are combined into one, which costs as many passes through
/// the network and is often a little better: test-time augmentation.
public struct PictureView: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// Also mirrored.
    case flip
    /// Also nearer or farther.
    case scales
    /// Also the corners and the centre.
    case crops
  }

  /// The sides of what is seen, relative to the picture's; above 1 it has a border.
  public let scale: Double
  /// Where it lies across and down: −1 at the left and top, 0 in the middle, 1 at the right and
  /// bottom.
  public let place: SIMD2<Double>
  public let isMirrored: Bool
  /// The size of the view relative to the region that it shows.
  public let zoom: Double

  public init(
    scale: Double = 1, place: SIMD2<Double> = .zero, isMirrored: Bool = false, zoom: Double = 1
  ) {
    (self.scale, self.place, self.isMirrored, self.zoom) = (scale, place, isMirrored, zoom)
  }

  /// The level of a border, as of a letterbox.
  private static let border: UInt8 = 114

  /// The views of some kinds, the picture itself first.
  /// - Parameters:
  ///   - kinds: which kinds.
  ///   - scales: of what is seen, relative to the picture's sides.
  ///   - zooms: of views that show the whole picture, smaller or larger.
  public static func views(
    _ kinds: some Sequence<Kind>, scales: [Double] = [], zooms: [Double] = []
  ) -> [PictureView] {
    let kinds = Set(kinds)
    var views = [PictureView()]
    if kinds.contains(.scales) {
      views += scales.map { PictureView(scale: $0) } + zooms.map { PictureView(zoom: $0) }
    }
    if kinds.contains(.crops) {
      let places: [SIMD2<Double>] = [[0, 0], [-1, -1], [1, -1], [-1, 1], [1, 1]]
      views += places.map { PictureView(scale: 0.875, place: $0) }
    }
    guard kinds.contains(.flip) else { return views }
    return views.flatMap {
      [$0, PictureView(scale: $0.scale, place: $0.place, isMirrored: true, zoom: $0.zoom)]
    }
  }

  /// What is seen of a picture, in its pixels.
  public func region(of size: Window.Size) -> Region {
    let width = max(1, Int((scale * Double(size.width)).rounded()))
    let height = max(1, Int((scale * Double(size.height)).rounded()))
    return Region(
      x: Int((Double(size.width - width) / 2 * (1 + place.x)).rounded()),
      y: Int((Double(size.height - height) / 2 * (1 + place.y)).rounded()), width: width,
      height: height)
  }

  public func callAsFunction(_ picture: Picture) throws -> Picture {
    var seen = try picture.cropped(to: region(of: picture.size), filling: PictureView.border)
    if zoom != 1 {
      func side(_ length: Int) -> Int { max(1, Int((zoom * Double(length)).rounded())) }
      seen = try seen.resized(to: .init(side(seen.height), side(seen.width)))
    }
    return try isMirrored ? seen.mirroredAcross : seen
  }

  /// A frame in the view as one in the picture.
  public func pictureFrame(_ frame: Frame, of size: Window.Size) -> Frame {
    let region = region(of: size)
    let (x, y, width) = (Double(region.x), Double(region.y), Double(region.width))
    let (x0, x1) = (frame.x0 / zoom, frame.x1 / zoom)
    let (left, right) = isMirrored ? (width - x1, width - x0) : (x0, x1)
    return Frame(
      x0: left + x, y0: frame.y0 / zoom + y, x1: right + x, y1: frame.y1 / zoom + y)
  }
}

extension Picture {
  /// Left and right exchanged.
  public var mirroredAcross: Picture {
    get throws {
      // EXIF's number for it.
      guard let orientation = Orientation(2) else { return self }
      return try oriented(orientation)
    }
  }
}
