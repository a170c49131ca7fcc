import ZooData
import ZooEngine
import ZooKit
import ZooStore

/// The features and the pixels of a data set's pictures, to find those that are like another.
///
/// ```swift
/// let index = try model.index(of: data)
/// try index.write(to: "photos.index.h5")
/// let again = try FeatureIndex(contentsOf: "photos.index.h5")
/// try again.check(against: model, data)
/// ```
public struct FeatureIndex: Sendable {
  /// What the network makes of each picture, pooled.
  public let features: Features
  /// The network's input, averaged down to 32×32 or less and rounded to bfloat16: N×numbers.
  public let pixels: Tensor
  /// Digests of the network up to the stage, and of the pictures and their annotations.
  public let network, data: String

  public var count: Int { features.names.count }

  /// The side of the little pictures: that of CIFAR's and of Tiny Images (Torralba et al. 2008).
  private static let side = 32
  private static let version = 1

  init(features: Features, pixels: Tensor, network: String, data: String) {
    (self.features, self.pixels) = (features, pixels)
    (self.network, self.data) = (network, data)
  }

  /// Writes an HDF5 file: that of ``Features``, with the pixels and both digests.
  public func write(to path: String) throws {
    var contents = try features.contents()
    try contents.add("/pixels", pixels, as: .bfloat16)
    contents.set("index", .integer(Self.version), on: "/features")
    contents.set("network", .text(network), on: "/features")
    contents.set("data", .text(data), on: "/features")
    contents.addDigests()
    try contents.write(to: path)
  }

  /// Reads a file that ``write(to:)`` wrote.
  public init(contentsOf path: String) throws {
    let file = try HDF5File(path)
    guard let rows = file["/features"], rows.attributes["index"]?.integers == [Self.version],
      let small = file["/pixels"], let names = file["/names"], let splits = file["/splits"],
      let model = rows.attributes["model"]?.string, let node = rows.attributes["node"]?.string,
      let network = rows.attributes["network"]?.string, let data = rows.attributes["data"]?.string
    else { throw ZooError.corrupt("\(path) is not an index of pictures; choose another file") }
    let (pictures, parts) = (try file.strings(names), try file.strings(splits))
    let count = pictures.count
    guard rows.shape.rank == 2, small.shape.rank == 2, count > 0, parts.count == count,
      rows.shape[0] == count, small.shape[0] == count
    else {
      throw ZooError.corrupt(
        "\(path): \(count) names for features of \(rows.shape) and pixels of \(small.shape)")
    }
    var (labels, classes) = ([Int](), [String]())
    if let stored = file["/labels"], let known = file["/classes"] {
      classes = try file.strings(known)
      let bytes = try file.readBytes(stored)
      guard stored.type == .int64, bytes.count == 8 * count else {
        throw ZooError.corrupt("\(path): /labels are not \(count) whole numbers")
      }
      labels = bytes.withUnsafeBytes { bytes in
        (0..<count).map {
          Int(Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self)))
        }
      }
    }
    self.init(
      features: Features(
        values: try WeightStore.tensor(rows, of: file), names: pictures, splits: parts,
        labels: labels, classes: classes, model: model, node: node),
      pixels: try WeightStore.tensor(small, of: file), network: network, data: data)
  }

  /// Whether it is that of this model, stage and data.
  /// - Throws: an error that says what has changed.
  public func check(against model: Model, _ data: Dataset, stage: String? = nil, in path: String)
    throws
  {
    let remedy = "delete it to build it again, or name another file"
    try model.check(stage: stage)
    let wanted = try stage ?? model.lastFeatures
    guard features.node == wanted else {
      throw ZooError.corrupt("\(path) is an index of \(features.node), not of \(wanted); \(remedy)")
    }
    guard try network == model.digest(upTo: wanted) else {
      throw ZooError.corrupt(
        "\(path) is the index of another model (\(features.model)) than \(model.name); \(remedy)")
    }
    guard try self.data == data.digest() else {
      throw ZooError.corrupt(
        "\(path) is the index of other pictures (\(count)) than \(data.path) has now; \(remedy)")
    }
  }

  /// N×C×H×W as N rows of averages.
  static func small(_ input: Tensor) throws -> Tensor {
    let sizes = input.shape.sizes
    let (planes, height, width) = (sizes[0] * sizes[1], sizes[2], sizes[3])
    let (rows, columns) = (min(side, height), min(side, width))
    /// The pixels that a place covers; neighbours may share one.
    func range(_ place: Int, of size: Int, in count: Int) -> Range<Int> {
      place * size / count..<((place + 1) * size + count - 1) / count
    }
    return try Tensor([sizes[0], sizes[1] * rows * columns]) { small in
      input.withValues { values in
        var place = 0
        for plane in 0..<planes {
          for row in 0..<rows {
            let (high, start) = (range(row, of: height, in: rows), plane * height)
            for column in 0..<columns {
              let wide = range(column, of: width, in: columns)
              var sum: Float = 0
              for y in high { for x in wide { sum += values[(start + y) * width + x] } }
              small[place] = (sum / Float(high.count * wide.count)).inBFloat16
              place += 1
            }
          }
        }
      }
    }
  }
}

extension Model {
  /// The features and pixels of all pictures; reads each once.
  /// - Parameters:
  ///   - data: all its splits are used, in order.
  ///   - stage: an operation or a stage; nil means the input of the head.
  ///   - engine: the engine.
  ///   - batch: the number of pictures per batch.
  ///   - progress: called with the number of finished pictures and their total.
  public func index(
    of data: Dataset, stage: String? = nil, engine: EngineChoice = .auto, batch: Int = 16,
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> FeatureIndex {
    try check(stage: stage)
    var rows: [Tensor] = []
    let features = try features(
      of: data, node: stage, pooled: true, engine: engine, batch: batch, progress: progress,
      seeing: { rows.append(try FeatureIndex.small($0)) })
    let values = rows.flatMap(\.values)
    guard let width = rows.first?.shape[1], values.count == width * features.names.count,
      features.values.shape.sizes.count == 2
    else {
      throw ZooError.corrupt(
        "\(name) takes pictures of different sizes, whose pixels do not compare")
    }
    return FeatureIndex(
      features: features, pixels: try Tensor([features.names.count, width], values),
      network: try digest(upTo: features.node), data: try data.digest())
  }

  /// - Throws: if there is no such operation or stage.
  func check(stage: String?) throws {
    guard let stage, graph.operation(named: stage) == nil else { return }
    throw ZooError.usage(
      "\(name) has no stage or layer “\(stage)”" + suggestion(stage, among: graph.names))
  }

  /// A digest of all that decides the value of a node.
  func digest(upTo node: String) throws -> String {
    let part = graph.cut(at: [(name: node, operation: try graph.resolve(node))]).before
    var digest = SHA256()
    func add(_ text: String) { digest.update(Array(text.utf8) + [0]) }
    add("zoo index 1")
    add(checkpoint.variant)
    add("\(checkpoint.input)")
    add("\(checkpoint.normEpsilon.map { "\($0)" } ?? "")")
    add(checkpoint.preprocessing.json.text())
    for operation in part.operations { add(operation.name) }
    for parameter in part.parameters {
      add(parameter.name)
      weights[parameter.name]?.withValues { digest.update(UnsafeRawBufferPointer($0)) }
    }
    return digest.hexadecimal
  }
}

extension Dataset {
  /// A digest of all pictures and annotations; it does not depend on the folder's location.
  func digest() throws -> String {
    var digest = SHA256()
    for split in splits {
      digest.update((split.name + "\0").utf8)
      digest.update(try split.fingerprint(classes: classes).utf8)
    }
    return digest.hexadecimal
  }
}

extension Float {
  /// Rounded to the nearest bfloat16.
  fileprivate var inBFloat16: Float {
    Float(bitPattern: (bitPattern &+ 0x7FFF &+ (bitPattern >> 16 & 1)) & 0xFFFF_0000)
  }
}
