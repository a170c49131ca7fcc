import ZooData
import ZooEngine
import ZooExplain
import ZooKit
import ZooStore

/// The pictures of a data set, arranged by what a network makes of them: principal components of the
/// features, groups of like pictures, and a plane on which like pictures are near each other.
///
/// ```swift
/// let map = try model.map(of: data)
/// try map.page(of: data).write(to: "map.html")
/// print(map.groups.sizes, map.plane.points[0])
/// ```
public struct PictureMap: Sendable {
  public struct Options: Sendable {
    /// Groups; nil means as many as there are classes, else the number of up to ten that the silhouette
    /// favours.
    public var clusters: Int?
    /// See `TSNE.Options.perplexity`.
    public var perplexity: Double?
    /// Of t-SNE.
    public var iterations: Int
    /// The most principal components that groups and plane are made from.
    public var components: Int
    public var seed: UInt64

    public init(
      clusters: Int? = nil, perplexity: Double? = nil, iterations: Int = 1000, components: Int = 50,
      seed: UInt64 = 0
    ) {
      (self.clusters, self.perplexity, self.iterations) = (clusters, perplexity, iterations)
      (self.components, self.seed) = (components, seed)
    }
  }

  public let features: Features
  public let options: Options
  public let components: PrincipalComponents
  /// The pictures along the components: N×K.
  public let coordinates: Tensor
  public let groups: KMeans
  public let silhouette: Double?
  public let plane: TSNE

  public var count: Int { features.names.count }

  /// - Parameters:
  ///   - features: of three pictures or more.
  ///   - options: groups, perplexity and the like.
  ///   - progress: called with the number of finished iterations and of all.
  public init(
    of features: Features, _ options: Options = .init(),
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws {
    let count = features.names.count
    try options.check(for: count)
    if let bad = features.values.withValues({ $0.firstIndex { !$0.isFinite } }) {
      let picture = features.names[bad / (features.values.count / count)]
      throw ZooError.corrupt(
        "\(features.node) of \(picture) is not finite, so it has no place on a map")
    }
    let rows = features.values.reshaped([count, features.values.count / count])
    components = try PrincipalComponents(of: rows, most: options.components)
    coordinates = try components.coordinates(of: rows)
    (groups, silhouette) = try Self.groups(coordinates, features, options)
    plane = try TSNE(
      of: coordinates,
      .init(perplexity: options.perplexity, iterations: options.iterations, seed: options.seed),
      progress: progress)
    (self.features, self.options) = (features, options)
  }

  private static func groups(_ rows: Tensor, _ features: Features, _ options: Options) throws
    -> (KMeans, silhouette: Double?)
  {
    func found(_ clusters: Int) throws -> (groups: KMeans, silhouette: Double?) {
      let groups = try KMeans(of: rows, clusters: clusters, seed: options.seed)
      return (groups, groups.silhouette(of: rows))
    }
    let classes = Set(features.labels.filter { $0 >= 0 }).count
    if let wanted = options.clusters ?? (classes > 1 ? classes : nil) { return try found(wanted) }
    var best = try found(2)
    for clusters in 3..<max(3, min(11, features.names.count)) {
      let next = try found(clusters)
      if let better = next.silhouette, better > best.silhouette ?? -1 { best = next }
    }
    return best
  }
}

extension PictureMap.Options {
  /// - Throws: if there are too few pictures.
  fileprivate func check(for count: Int) throws {
    _ = try TSNE.perplexity(perplexity, of: count)
    if let clusters, !(1...count).contains(clusters) {
      throw ZooError.usage(
        "there are \(count) pictures; --clusters wants 1 to \(count), not \(clusters)")
    }
  }
}

extension Model {
  /// The pictures of a data set arranged by their features; reads each once.
  ///
  /// ```swift
  /// let map = try model.map(of: data, stage: "layer3", .init(clusters: 8))
  /// ```
  /// - Parameters:
  ///   - data: all its splits are used, in order.
  ///   - stage: an operation or a stage; nil means the input of the head.
  ///   - options: groups, perplexity and the like.
  ///   - engine: the engine.
  ///   - batch: the number of pictures per batch.
  ///   - progress: called with the number of finished pictures and their total.
  ///   - arranging: called with the number of finished iterations and of all.
  public func map(
    of data: Dataset, stage: String? = nil, _ options: PictureMap.Options = .init(),
    engine: EngineChoice = .auto, batch: Int = 16,
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in },
    arranging: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> PictureMap {
    try check(stage: stage)
    try options.check(for: data.splits.reduce(0) { $0 + $1.count })
    let features = try features(
      of: data, node: stage, engine: engine, batch: batch, progress: progress)
    return try PictureMap(of: features, options, progress: arranging)
  }
}

extension PictureMap {
  /// Where each picture is, one a row.
  public func write(csv path: String) throws {
    var table = CommaSeparated()
    table.add(["image", "split", "class", "cluster", "x", "y", "pc1", "pc2"])
    for place in places {
      table.add(
        [place.name, place.split, place.label ?? "", "\(place.cluster)"]
          + [place.plane.x, place.plane.y, place.first, place.second].map { "\($0)" })
    }
    try table.write(to: path)
  }

  /// The coordinates of all pictures, and how they were found.
  public var json: [(key: String, value: JSON)] {
    [
      ("model", JSON(features.model)), ("stage", JSON(features.node)), ("count", JSON(count)),
      ("components", ["shares": JSON(components.shares)]),
      (
        "clusters",
        [
          "count": JSON(groups.sizes.count), "sizes": JSON(groups.sizes),
          "inertia": JSON(groups.inertia), "silhouette": silhouette.map { JSON($0) } ?? nil,
        ]
      ),
      (
        "tsne",
        [
          "perplexity": JSON(plane.perplexity), "iterations": JSON(options.iterations),
          "divergence": JSON(plane.divergence),
        ]
      ),
      (
        "points",
        JSON(
          places.map { place -> JSON in
            [
              "image": JSON(place.name), "split": JSON(place.split), "class": JSON(place.label),
              "cluster": JSON(place.cluster), "x": JSON(place.plane.x), "y": JSON(place.plane.y),
              "pc1": JSON(place.first), "pc2": JSON(place.second),
            ]
          })
      ),
    ]
  }

  private struct Place {
    let name, split: String
    let label: String?
    let cluster: Int
    let plane: SIMD2<Double>
    let first, second: Double
  }

  private var places: [Place] {
    zip(features.names.indices, leading).map { index, leading in
      Place(
        name: features.names[index], split: features.splits[index],
        label: features.label(of: index),
        cluster: groups.labels[index], plane: plane.points[index], first: leading.x,
        second: leading.y)
    }
  }

  /// The first two components.
  var leading: [SIMD2<Double>] {
    let width = coordinates.shape[1]
    return coordinates.withValues { values in
      (0..<count).map { row in
        SIMD2(
          width > 0 ? Double(values[row * width]) : 0,
          width > 1 ? Double(values[row * width + 1]) : 0)
      }
    }
  }
}

extension Features {
  /// The pictures behind the rows.
  /// - Throws: if one is no longer in the data.
  public func items(in data: Dataset) throws -> [Item] {
    let known = Dictionary(
      data.splits.flatMap { split in split.items.map { ("\(split.name)/\($0.name)", $0) } },
      uniquingKeysWith: { first, _ in first })
    return try zip(splits, names).map { split, name in
      guard let item = known["\(split)/\(name)"] else {
        throw ZooError.notFound("\(name) is no longer in \(data.path)")
      }
      return item
    }
  }
}
