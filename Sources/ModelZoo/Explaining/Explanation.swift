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
    get throws { try HeatMap(attribution, of: input, preprocessing) }
  }
}
