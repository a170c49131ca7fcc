import ZooKit

/// A checkpoint in one HDF5 file: tensors under `/weights`, a JSON record in `/meta`, and a golden
/// pass in `/golden`.
///
/// Every array has the SHA-256 of its bytes and is verified at every read; HDF5's own checksums
/// protect the structure. So a flipped bit is an error, never a wrong number.
///
/// ```swift
/// let store = try WeightStore("resnet18.h5")
/// store.meta["variant"]?.string            // "resnet18"
/// let weights = try store.load()           // all tensors, verified, on every core
/// ```
public struct WeightStore: TensorSource {
  public let file: HDF5File
  public let meta: JSON
  /// In the order in which they were written.
  public let tensors: [TensorInfo]
  private let datasets: [String: HDF5File.Dataset]

  public var origin: String { file.path }
  public var format: String { "zoo checkpoint" }

  public init(_ path: String) throws { try self.init(HDF5File(path)) }

  public init(_ file: HDF5File) throws {
    guard WeightStore.recognizes(file), let record = file["/meta"] else {
      throw ZooError.corrupt("\(file.path) is not a checkpoint: it has no /meta and /weights")
    }
    guard let text = try file.texts(record).first, record.shape.count == 1 else {
      throw ZooError.corrupt("\(file.path): /meta is not one string")
    }
    var hash = SHA256()
    hash.update(text)
    try WeightStore.check(hash, record, file)
    // A record has some thousand values, of which each takes up to a hundred bytes.
    meta = try JSON(parsing: text, origin: "\(file.path): /meta", most: 300_000)

    var tensors: [TensorInfo] = []
    var datasets: [String: HDF5File.Dataset] = [:]
    var places: [Int: String] = [:]
    for dataset in file.datasets where dataset.path.hasPrefix("/weights/") {
      let name = String(dataset.path.dropFirst("/weights/".count))
      guard let type = dataset.type, !name.contains("/") else {
        throw ZooError.corrupt("\(file.path): \(dataset.path.printable) is not a tensor")
      }
      _ = try WeightStore.digest(dataset, file)
      // Otherwise a thousand names for the same bytes would make a small file a large model.
      if let place = dataset.place, let other = places.updateValue(name, forKey: place) {
        throw ZooError.corrupt(
          "\(file.path): \(name.printable) shares its bytes with \(other.printable)")
      }
      tensors.append(.init(name: name, shape: dataset.shape, type: type))
      datasets[name] = dataset
    }
    self.file = file
    self.tensors = tensors
    self.datasets = datasets
  }

  /// Whether an HDF5 file has the layout of our checkpoints, even if it is damaged.
  public static func recognizes(_ file: HDF5File) -> Bool {
    file["/meta"]?.isText == true && file.groups.contains("/weights")
  }

  /// The recorded SHA-256 of a tensor's stored bytes, in hexadecimal.
  public func digest(of name: String) -> String? {
    datasets[name]?.attributes["sha256"]?.string
  }

  public func record() -> JSON? { meta }

  public func read(
    _ tensor: TensorInfo, into values: UnsafeMutableBufferPointer<Float>
  ) throws {
    guard let dataset = datasets[tensor.name] else {
      throw ZooError.notFound("\(origin) has no tensor \(tensor.name)")
    }
    try WeightStore.read(dataset, of: file, into: values)
  }

  /// The golden pass; nil if the checkpoint has none.
  public func golden() throws -> Golden? {
    guard file.groups.contains("/golden") else { return nil }
    let attributes = file.attributes(of: "/golden")
    guard let output = file["/golden/output"],
      let tolerance = attributes["tolerance"]?.numbers?.first, tolerance >= 0
    else { throw ZooError.corrupt("\(origin): /golden has no output with a tolerance") }
    let input: Golden.Input
    if let stored = file["/golden/input"] {
      input = .tensor(try tensor(stored))
    } else if let seed = attributes["seed"]?.integers?.first,
      let shape = attributes["shape"]?.integers.flatMap(Shape.init(checked:))
    {
      input = .seed(seed, shape)
    } else {
      throw ZooError.corrupt("\(origin): /golden has neither an input nor its seed")
    }
    return Golden(input: input, output: try tensor(output), tolerance: tolerance)
  }

  /// A whole array outside of `/weights`, verified.
  package func tensor(_ dataset: HDF5File.Dataset) throws -> Tensor {
    try WeightStore.tensor(dataset, of: file)
  }

  /// An array with a digest, of a file that need not be a checkpoint.
  package static func tensor(_ dataset: HDF5File.Dataset, of file: HDF5File) throws -> Tensor {
    try Tensor(dataset.shape) { try read(dataset, of: file, into: $0) }
  }

  private static func read(
    _ dataset: HDF5File.Dataset, of file: HDF5File,
    into values: UnsafeMutableBufferPointer<Float>
  ) throws {
    var hash = SHA256()
    // Hash the same bytes that become numbers, while they are in the cache.
    try file.read(dataset, into: values, visiting: { hash.update($0) })
    try check(hash, dataset, file)
  }

  private static func digest(_ dataset: HDF5File.Dataset, _ file: HDF5File) throws -> String {
    guard let digest = dataset.attributes["sha256"]?.string else {
      throw ZooError.corrupt("\(file.path): \(dataset.path.printable) has no sha256")
    }
    return digest
  }

  private static func check(
    _ hash: SHA256, _ dataset: HDF5File.Dataset, _ file: HDF5File
  ) throws {
    let expected = try digest(dataset, file)
    let found = hash.hexadecimal
    guard found == expected else {
      throw ZooError.corrupt(
        "\(file.path): \(dataset.path.printable) is damaged: its SHA-256 is \(found.prefix(12))…; "
          + "expected \(expected.prefix(12).description.printable)…")
    }
  }
}
