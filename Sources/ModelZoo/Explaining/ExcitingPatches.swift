import ZooData
import ZooEngine
import ZooExplain
import ZooKit
import ZooVision

/// The parts of a data set's pictures that excite the channels of a layer most (Zeiler and Fergus,
/// arXiv:1311.2901).
public struct ExcitingPatches: Sendable {
  public struct Patch: Sendable {
    /// The picture's name.
    public let image: String
    public let value: Float
    /// The place in the layer's map.
    public let y, x: Int
    fileprivate let item: Int
  }

  public let layer: String
  public let field: ReceptiveField
  public let channels: [Int]
  /// For each channel, from different pictures, the most exciting first.
  public let patches: [[Patch]]
  private let model: Model
  private let items: [Item]
  private let engine: EngineChoice
  /// The layer's map, C×H×W.
  private let map: Shape

  /// Reads the data once.
  /// - Parameters:
  ///   - model: the network.
  ///   - data: the pictures.
  ///   - layer: a layer or stage whose map has places.
  ///   - wanted: the channels; nil means the first sixteen.
  ///   - top: how many patches are kept for each channel; each is of another picture.
  ///   - engine: computes the maps.
  ///   - batch: pictures at a time.
  ///   - progress: called with the number of pictures read, and of all.
  public init(
    of model: Model, on data: Dataset, layer: String, channels wanted: [Int]?, top: Int,
    engine: EngineChoice = .auto, batch: Int = 16,
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws {
    let graph = model.graph
    guard let place = graph.operation(named: layer) else {
      throw ZooError.usage(
        "\(model.name) has no stage or layer “\(layer)”" + suggestion(layer, among: graph.names))
    }
    let map = graph.operations[place].shape
    guard let field = graph.receptiveFields[place] else {
      throw ZooError.usage(
        "a number of \(layer) (\(map)) depends on the whole picture; name an earlier layer"
          + (graph.lastMap.map { ", such as \($0)" } ?? ""))
    }
    let channels = wanted ?? Array(0..<min(16, map.channels))
    if let wrong = channels.first(where: { !(0..<map.channels).contains($0) }) {
      throw ZooError.usage("\(layer) is \(map); there is no channel \(wrong)")
    }
    (self.model, self.engine, self.layer) = (model, engine, layer)
    (self.map, self.field, self.channels) = (map, field, channels)
    let items = try data.splits.flatMap { try $0.checked().split.items }
    self.items = items
    let part = graph.cut(at: [(name: layer, operation: place)]).before
    let plan = try InferencePlan(part, model.weights, batch: batch, engine: engine.engine())
    let loader = Loader(
      Split(name: "", items: items), classes: data.classes.count,
      preprocessing: model.checkpoint.preprocessing, batchSize: batch, shuffles: false)
    var best = [[Patch]](repeating: [], count: channels.count)
    var done = 0
    let batches = loader.batches(epoch: 0)
    let area = map.height * map.width
    while let next = try batches.next() {
      let found = try plan.only([plan.inputs[0].name: next.input])
      found.withValues { values in
        for (row, item) in next.indices.enumerated() {
          for (slot, channel) in channels.enumerated() {
            let start = (row * map.channels + channel) * area
            let plane = values[start..<start + area]
            guard let most = plane.indices.max(by: { plane[$0] < plane[$1] }) else { continue }
            let patch = Patch(
              image: items[item].name, value: plane[most], y: (most - start) / map.width,
              x: (most - start) % map.width, item: item)
            best[slot].insert(patch, most: top)
          }
        }
      }
      done += next.indices.count + next.broken.count
      progress(done, items.count)
    }
    patches = best
  }

  /// A channel's patches in a row: what the layer sees of each picture, and its guided backpropagation
  /// below.
  public func drawn(_ slot: Int) throws -> [Picture] {
    let explainer = Explainer(model, engine: engine)
    let preprocessing = model.checkpoint.preprocessing
    return try patches[slot].map { patch in
      let picture = try items[patch.item].sample().picture
      let view = try explainer.view(of: picture)
      let subject = try explainer.subjects(
        [.neuron(layer: layer, channel: channels[slot], y: patch.y, x: patch.x)], of: view)[0]
      let guided = try explainer.explain(subject, of: view, by: .guidedBackprop)
      let region = region(of: patch)
      let seen = try preprocessing.applied(to: picture).rgb.cropped(to: region, filling: 24)
      let fine = try guided.mapPicture().cropped(to: region, filling: 127)
      return try Picture.sideBySide([seen, fine], gap: 2)
    }
  }

  /// The pixels of the network's input that a patch shows.
  public func region(of patch: Patch) -> Region {
    let (rows, columns) = (field.height.range(of: patch.y), field.width.range(of: patch.x))
    return Region(
      x: columns.lowerBound, y: rows.lowerBound, width: columns.count, height: rows.count)
  }
}

extension [ExcitingPatches.Patch] {
  /// Keeps the largest; of equal ones the earlier picture's.
  fileprivate mutating func insert(_ patch: Element, most: Int) {
    let place = firstIndex { $0.value < patch.value } ?? count
    guard place < most else { return }
    insert(patch, at: place)
    if count > most { removeLast() }
  }
}
