import ZooEngine
import ZooKit
import ZooVision

/// A segmenter for callers on any number of threads, which keeps the plans of a few sizes.
///
/// A picture no larger than a tile is computed whole. A larger one is computed in overlapping
/// tiles, of which the central part counts. Pictures are resized only if the checkpoint asks for
/// it; sides that the network cannot take are extended by mirroring.
public final class SemanticSegmenter: Sendable {
  let model: Model
  private let engine: any Engine
  let tiling: Tiling
  /// The largest side of a tile's map.
  let longest: Int
  /// An arena for a tile takes several hundred megabytes.
  private let plans: PlanPool<Shape>

  public convenience init(
    _ model: Model, engine: EngineChoice = .auto, precision: Precision = .fp32
  ) throws {
    try self.init(model, engine: engine, precision: precision, longest: Self.usualLongest)
  }

  static let usualLongest = 1024

  /// - Parameter callers: how many threads will segment at once, if that is known.
  package init(
    _ model: Model, engine: EngineChoice, precision: Precision, longest: Int, callers: Int? = nil
  ) throws {
    try model.check(isFor: .segmentation)
    let count = model.checkpoint.classes.count
    guard count <= 256 else {
      throw ZooError.usage("\(model.name) has \(count) classes, but a mask can only hold 256")
    }
    self.model = model
    self.longest = longest
    plans = PlanPool(capacity: 2, callers: callers)
    self.engine = try engine.engine(for: precision)
    tiling = (model.variant.architecture as? any Segmenter)?.tiling ?? Tiling()
  }

  /// Whether a single class is distinguished from background.
  var isBinary: Bool { model.checkpoint.classes.count == 1 }

  /// The names of the mask's values.
  public var classes: [String] {
    (isBinary ? ["background"] : []) + model.checkpoint.classes
  }

  /// - Parameters:
  ///   - picture: a picture of any size.
  ///   - threshold: the smallest probability for the only class of a network with one class.
  ///   - progress: called with the number of finished tiles, if there are several.
  public func segment(
    _ picture: Picture, threshold: Float = 0.5,
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> Segmentation {
    let preprocessing = model.checkpoint.preprocessing
    let placement = try preprocessing.placement(of: picture.size)
    let seen = try preprocessing.applied(to: picture)
    var mask = try Picture(width: picture.width, height: picture.height, channels: 1)
    let isWhole =
      placement.shown == Region(x: 0, y: 0, width: picture.width, height: picture.height)
      && placement.resized == picture.size
    if isWhole {
      try mask.withMutablePixels { pixels in
        let pixels = pixels
        try forEachBand(of: seen, progress) { band in
          Threads.split(band.rows.count, cost: 4 * band.width * band.channels) { rows in
            for row in rows {
              for column in 0..<band.width {
                pixels[(band.rows.lowerBound + row) * band.width + column] = decision(threshold) {
                  band.values[$0 * band.plane + row * band.width + column]
                }
              }
            }
          }
        }
      }
    } else {
      try enlarge(seen, placement, into: &mask, threshold, progress)
    }
    return Segmentation(mask: mask, classes: classes, background: background)
  }

  /// The mask's value of pixels without a class; nil if there are none.
  var background: Int? {
    isBinary || model.checkpoint.classes[0].lowercased() == "background" ? 0 : nil
  }

  func decision(_ threshold: Float, _ probability: (Int) -> Float) -> UInt8 {
    Self.decision(threshold, channels: model.checkpoint.classes.count, probability)
  }

  /// The mask's value for a pixel with these probabilities.
  static func decision(_ threshold: Float, channels: Int, _ probability: (Int) -> Float) -> UInt8 {
    if channels == 1 { return probability(0) > threshold ? 1 : 0 }
    var (best, highest) = (0, probability(0))
    for index in 1..<channels {
      let value = probability(index)
      if value > highest { (best, highest) = (index, value) }
    }
    return UInt8(best)
  }

  /// The logits of one tile.
  func logits(_ tile: Tensor, _ input: Shape, channels: Int, _ height: Int, _ width: Int) throws
    -> Tensor
  {
    let values = try plans.withPlan(for: input) {
      let graph = try model.graph(for: input)
      guard let output = graph.outputs.first(where: { $0.name == "logits" }),
        graph.operations[output.operation].shape == [channels, height, width]
      else {
        throw ZooError.failure(
          "\(model.name) gives no map of \(channels)×\(height)×\(width) for a picture of \(input)")
      }
      return try InferencePlan(graph, model.weights, batch: 1, engine: engine)
    } run: { plan in
      try plan.run([plan.inputs[0].name: tile])
    }
    guard let logits = values["logits"] else {
      throw ZooError.failure("\(model.name) gives no logits")
    }
    return logits
  }
}
