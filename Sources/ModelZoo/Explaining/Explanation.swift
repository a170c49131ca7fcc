import ZooExplain
import ZooKit
import ZooVision

/// Why a model says what it says of a picture: how much each place of it counts.
public struct Explanation: Sendable {
  public let method: String
  /// The class, neuron or box that is explained.
  public let subject: String
  public let attribution: Attribution
  /// The network's input, C×H×W.
  public let input: Shape
  private let placement: Placement
  private let preprocessing: Preprocessing

  init(
    _ attribution: Attribution, of subject: String, by method: String, _ input: Shape,
    _ placement: Placement, _ preprocessing: Preprocessing
  ) {
    (self.attribution, self.subject, self.method) = (attribution, subject, method)
    (self.input, self.placement, self.preprocessing) = (input, placement, preprocessing)
  }

  /// One number for each pixel of the network's input, H×W.
  public var map: Tensor { get throws { try attribution.map(input.height, input.width) } }

  /// The numbers at the size of the network's input, neither normalised nor reduced: C×H×W if the
  /// method judges every number of the input, else H×W.
  public var raw: Tensor { get throws { try attribution.enlarged(to: input.height, input.width) } }

  /// Where the map is highest, in pixels of the picture.
  public var peak: (x: Double, y: Double) {
    get throws {
      let values = try map.values
      let best = values.indices.max { values[$0] < values[$1] } ?? 0
      return placement.pictureCoordinates(
        x: Double(best % input.width) + 0.5, y: Double(best / input.width) + 0.5)
    }
  }

  /// The map in colours, at the size of the network's input.
  public func mapPicture() throws -> Picture { try heat.alone() }

  /// The picture with the map over it and a legend below.
  public func overlay(on picture: Picture) throws -> Picture {
    try heat.captioned(view(of: picture), "\(method) · \(subject)")
  }

  /// The picture with the map over it, or what excites the network, for a sheet of several.
  public func tile(_ picture: Picture) throws -> Picture {
    attribution.look == .colour ? try mapPicture() : try view(of: picture)
  }

  private func view(of picture: Picture) throws -> Picture {
    try heat.over(picture, placement)
  }

  private var heat: HeatMap {
    get throws { try HeatMap(attribution, of: input, preprocessing.channels) }
  }
}

extension Explanation {
  /// The object that the map points at, cut out of the picture.
  public struct CutOut: Sendable {
    /// One channel, 255 on the object.
    public let mask: Picture
    /// RGBA, clear around the object.
    public let picture: Picture

    /// On dark ground, for a sheet.
    public func onDark() throws -> Picture {
      var shown = try Picture(width: picture.width, height: picture.height, channels: 3)
      try shown.withMutablePixels { shown in
        picture.withPixels { pixels in
          for place in shown.indices {
            let pixel = place / 3
            shown[place] = pixels[4 * pixel + 3] == 0 ? 24 : pixels[4 * pixel + place % 3]
          }
        }
      }
      return shown
    }
  }

  /// Cuts out the object that the map shows a part of. See `GrabCut`.
  public func cutOut(of picture: Picture, by cut: GrabCut = .init()) throws -> CutOut {
    let long = max(picture.width, picture.height)
    let side = min(long, 400)
    let size = Window.Size(
      max(1, picture.height * side / long), max(1, picture.width * side / long))
    let small = try picture.rgb.resized(to: size, interpolation: .bilinear)
    let found = try cut.mask(
      of: small, seededBy: heat.smoothed(by: 0.02).values(at: size, placement))
    let mask = try Picture(
      width: size.width, height: size.height, channels: 1, pixels: found.map { $0 ? 255 : 0 }
    ).resized(to: picture.size, interpolation: .bilinear)
    let sharp = mask.withPixels { $0.map { $0 > 127 ? UInt8(255) : 0 } }
    let colours = try picture.rgb.pixels
    var clear = try Picture(width: picture.width, height: picture.height, channels: 4)
    try clear.withMutablePixels { clear in
      for pixel in sharp.indices where sharp[pixel] == 255 {
        for colour in 0..<3 { clear[4 * pixel + colour] = colours[3 * pixel + colour] }
        clear[4 * pixel + 3] = 255
      }
    }
    return CutOut(
      mask: try Picture(
        width: picture.width, height: picture.height, channels: 1, pixels: sharp),
      picture: clear)
  }
}
