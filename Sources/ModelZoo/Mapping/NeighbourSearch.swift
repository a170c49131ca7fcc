import ZooData
import ZooEngine
import ZooExplain
import ZooKit
import ZooVision

/// A picture of a data set that is near another.
public struct Neighbour: Sendable {
  /// The place in the index.
  public let index: Int
  public let name, split: String
  /// Its class, if it has one.
  public let label: String?
  public let distance: Double
}

/// Finds the pictures of an index that are nearest to others, in the network's features and in pixels.
/// Not thread-safe.
///
/// ```swift
/// let search = try NeighbourSearch(in: model.index(of: data), of: model)
/// let found = try search.neighbours(of: photo, top: 5)
/// print(found.byFeatures[0].name, found.byFeatures[0].distance)
/// ```
public final class NeighbourSearch {
  /// The nearest first.
  public struct Found: Sendable {
    public let byFeatures, byPixels: [Neighbour]
  }

  public let index: FeatureIndex
  public let model: Model
  private let features, pixels: NearestRows
  private let plan: InferencePlan

  /// - Parameters:
  ///   - index: of this model's features.
  ///   - model: the network.
  ///   - metric: how features are compared; pixels always by the length of their difference.
  ///   - engine: the engine.
  public init(
    in index: FeatureIndex, of model: Model, by metric: NearestRows.Metric = .cosine,
    engine: EngineChoice = .auto
  ) throws {
    (self.index, self.model) = (index, model)
    features = try NearestRows(index.features.values, by: metric)
    pixels = try NearestRows(index.pixels, by: .l2)
    let node = index.features.node
    let part = model.graph.cut(at: [(name: node, operation: try model.graph.resolve(node))]).before
    plan = try InferencePlan(part, model.weights, batch: 1, engine: engine.engine())
  }

  /// The pictures of the index that are nearest to a picture. It finds itself, if it is among them.
  public func neighbours(of picture: Picture, top: Int = 5) throws -> Found {
    let input = try model.checkpoint.preprocessing.tensor(from: [picture])
    let output = try plan.only([plan.inputs[0].name: input])
    let row = output.shape.rank == 4 ? output.averagedMaps : output.values
    return Found(
      byFeatures: try features.nearest(top, to: row).map { neighbour($0.row, $0.distance) },
      byPixels: try pixels.nearest(top, to: FeatureIndex.small(input).values)
        .map { neighbour($0.row, $0.distance) })
  }

  private func neighbour(_ place: Int, _ distance: Double) -> Neighbour {
    let all = index.features
    return Neighbour(
      index: place, name: all.names[place], split: all.splits[place], label: all.label(of: place),
      distance: distance)
  }
}

extension Model {
  /// The pictures of a data set that are nearest to a picture.
  ///
  /// ```swift
  /// let index = try model.index(of: data)
  /// for one in try model.neighbours(of: photo, in: index).byFeatures { print(one.name) }
  /// ```
  /// For several pictures, a ``NeighbourSearch`` compiles the network once.
  public func neighbours(
    of picture: Picture, in index: FeatureIndex, top: Int = 5,
    by metric: NearestRows.Metric = .cosine
  ) throws -> NeighbourSearch.Found {
    try NeighbourSearch(in: index, of: self, by: metric).neighbours(of: picture, top: top)
  }
}

extension FeatureIndex {
  /// Two pictures whose features are nearly the same.
  public struct Pair: Sendable {
    /// Places in the index.
    public let first, second: Int
    public let distance: Double
    /// A model judged on one of them has learned from the other.
    public let isAcrossSplits: Bool
    /// At least one of the two classes is doubtful.
    public let differsInClass: Bool
  }

  /// Pictures whose features are nearly the same, across splits first: for each picture the nearest of
  /// those before it in its own split, and of those in earlier splits, if they are near enough.
  ///
  /// The data's mean is subtracted from features first. All features of a network with rectifiers point
  /// in much the same direction, so plain cosines tell copies from other pictures hardly.
  /// - Parameters:
  ///   - limit: the largest distance.
  ///   - metric: how features are compared.
  public func pairs(within limit: Double, by metric: NearestRows.Metric = .cosine) throws -> [Pair]
  {
    let rows = try NearestRows(features.values.centred(), by: metric)
    let splits = features.splits
    var starts = [Int](repeating: 0, count: count)
    for row in 1..<max(1, count) {
      starts[row] = splits[row] == splits[row - 1] ? starts[row - 1] : row
    }
    let begins = starts
    let own = try rows.nearest(1, toRows: 0..<count) { begins[$0]..<$0 }
    let earlier = try rows.nearest(1, toRows: 0..<count) { 0..<begins[$0] }
    let found = [earlier, own].enumerated().flatMap { place, matches in
      matches.enumerated().compactMap { row, matches -> Pair? in
        guard let match = matches.first, match.distance <= limit else { return nil }
        return Pair(
          first: match.row, second: row, distance: match.distance, isAcrossSplits: place == 0,
          differsInClass: features.label(of: match.row) != features.label(of: row))
      }
    }
    return found.sorted {
      ($0.isAcrossSplits ? 0 : 1, $0.distance, $0.second)
        < ($1.isAcrossSplits ? 0 : 1, $1.distance, $1.second)
    }
  }
}

extension Tensor {
  /// N×D less the mean of the rows.
  fileprivate func centred() throws -> Tensor {
    let (count, width) = (shape[0], shape[1])
    return try Tensor(shape) { centred in
      withValues { values in
        var mean = [Double](repeating: 0, count: width)
        for (index, value) in values.enumerated() {
          mean[index % width] += Double(value) / Double(count)
        }
        for (index, value) in values.enumerated() {
          centred[index] = Float(Double(value) - mean[index % width])
        }
      }
    }
  }
}
