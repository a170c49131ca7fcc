import ZooEngine
import ZooKit
import ZooStore
import ZooVision

/// The class of every pixel of a picture.
public struct Segmentation: Sendable {
  /// The share of a picture that a class covers.
  public struct Area: Sendable {
    public let name: String
    /// The value of the class's pixels in the mask.
    public let index: Int
    public let fraction: Double
  }

  /// The class of each pixel, in one channel.
  public let mask: Picture
  /// All classes, in the order of the mask's values.
  public let areas: [Area]
  /// The value of background pixels; nil if every pixel belongs to a class.
  public let background: Int?
  /// The probabilities of the mask, C×H×W, if they are to be combined with others.
  var shares: Tensor?

  /// - Parameters:
  ///   - mask: the class of each pixel.
  ///   - classes: the names of its values.
  ///   - background: the value of pixels without a class.
  public init(mask: Picture, classes: [String], background: Int?) {
    var counts = [Int](repeating: 0, count: 256)
    mask.withPixels { for pixel in $0 { counts[Int(pixel)] += 1 } }
    self.mask = mask
    self.background = background
    areas = classes.indices.map {
      Area(
        name: classes[$0], index: $0,
        fraction: Double(counts[$0]) / Double(mask.width * mask.height))
    }
  }

  /// The colours of the mask's values.
  public var palette: [Colour] { Colour.palette(of: areas.count, background: background) }
}

extension Segmentation: Prediction {
  public var rows: [[String]] {
    [[String(mask.width), String(mask.height)] + areas.map { String(describing: $0.fraction) }]
  }

  public var table: PredictionTable {
    PredictionTable(
      .number("% of the picture"), "class",
      rows: areas.map { [decimal($0.fraction * 100, digits: 1), $0.name] })
  }

  public func members(_ files: DrawnFiles) -> [(key: String, value: JSON)] {
    let classes = areas.map { area -> JSON in
      ["class": JSON(area.name), "index": JSON(area.index), "fraction": JSON(area.fraction)]
    }
    return [
      ("width", JSON(mask.width)), ("height", JSON(mask.height)),
      ("mask", JSON(files.first { $0.kind == "mask" }?.path)), ("classes", JSON(classes)),
    ]
  }

  public func draw(on picture: Picture, in folder: inout DrawingFolder, as name: String) throws
    -> DrawnFiles
  {
    let files = try folder.write(drawn(on: picture), mask: mask, palette: palette, of: name)
    return [("drawing", files.drawing), ("mask", files.mask)]
  }

  /// The picture overlaid with the colours of its classes, and the share that each covers.
  public func drawn(on picture: Picture) throws -> Picture {
    let shown = areas.filter { $0.index != background }
      .sorted { ($1.fraction, $0.index) < ($0.fraction, $1.index) }
    let palette = palette
    return try picture.overlaid(mask: mask, background: background).captioned(
      with: shown.map { Bar($0.name, share: $0.fraction, palette[$0.index]) })
  }
}

extension Model {
  /// The class of every pixel, for pictures of any size.
  ///
  /// ```swift
  /// let answer = try zoo.model("unet").segment(Picture(contentsOf: "slice.png"))
  /// answer.areas.last?.fraction
  /// try answer.mask.write(png: "mask.png", palette: answer.palette)
  /// ```
  /// - Parameters:
  ///   - picture: a picture of any size.
  ///   - threshold: the smallest probability for the only class of a network with one class.
  public func segment(_ picture: Picture, threshold: Float = 0.5) throws -> Segmentation {
    try kept { try SemanticSegmenter($0, engine: $1, precision: $2) }.segment(
      picture, threshold: threshold)
  }
}
