import CStore
import ZooKit

/// The contents of an HDF5 file, in order; nothing is written before ``write(to:)``.
///
/// ```swift
/// var contents = HDF5Contents()
/// try contents.add("/conv1/conv1/kernel:0", kernel)
/// contents.set("weight_names", .texts(["conv1/kernel:0"]), on: "/conv1")
/// try contents.write(to: "conv.h5")
/// ```
///
/// Groups are created as needed. Numbers are contiguous on 64-byte boundaries unless compressed.
public struct HDF5Contents: Sendable {
  public enum Attribute: Sendable {
    case text(String)
    case texts([String])
    case integer(Int)
    case integers([Int])
    case number(Double)
    case numbers([Double])
  }

  struct Dataset: Sendable {
    enum Values: Sendable {
      case tensor(Tensor)
      case bytes([UInt8])
      case text([UInt8])
    }
    let path: String
    let shape: Shape
    let type: ElementType
    let values: Values
    let compressed: Bool

    /// Scalars cannot be chunked, and empty arrays need no compression.
    var isChunked: Bool { compressed && shape.rank > 0 && shape.count > 0 }
    /// Whether we write the numbers at an offset of the file.
    var isPlaced: Bool { !isChunked && shape.count > 0 }
  }

  struct NamedAttribute: Sendable {
    let path: String
    let name: String
    let value: Attribute
  }

  private(set) var groups: [String] = []
  private(set) var datasets: [Dataset] = []
  private(set) var attributes: [NamedAttribute] = []
  private var paths: Set<String> = ["/"]

  public init() {}

  /// Numbers, stored as float32, float16 or bfloat16.
  public mutating func add(
    _ path: String, _ tensor: Tensor, as type: ElementType = .float32, compressed: Bool = false
  ) throws {
    guard [.float32, .float16, .bfloat16].contains(type) else {
      throw ZooError.failure("\(path): tensors are not stored as \(type.rawValue)")
    }
    try add(
      .init(
        path: path, shape: tensor.shape, type: type, values: .tensor(tensor),
        compressed: compressed))
  }

  /// Numbers of any type, as in memory, little endian.
  public mutating func add(
    _ path: String, bytes: [UInt8], shape: Shape, type: ElementType, compressed: Bool = false
  ) throws {
    guard bytes.count == shape.count * type.size else {
      throw ZooError.failure(
        "\(path): \(bytes.count) bytes do not fill \(shape) of \(type.rawValue)")
    }
    try add(
      .init(
        path: path, shape: shape, type: type, values: .bytes(bytes),
        compressed: compressed))
  }

  /// One string.
  public mutating func add(_ path: String, text: String) throws {
    // An HDF5 string has at least one byte; the padding is not part of it.
    let bytes = text.isEmpty ? [0] : Array(text.utf8)
    try add(
      .init(path: path, shape: [], type: .uint8, values: .text(bytes), compressed: false))
  }

  /// A list of strings, padded to the longest.
  public mutating func add(_ path: String, texts: [String]) throws {
    let width = max(1, texts.reduce(0) { max($0, $1.utf8.count) })
    var bytes: [UInt8] = []
    bytes.reserveCapacity(width * texts.count)
    for text in texts {
      bytes += text.utf8
      bytes += repeatElement(0, count: width - text.utf8.count)
    }
    try add(
      .init(path: path, shape: [texts.count], type: .uint8, values: .text(bytes), compressed: false)
    )
  }

  private mutating func add(_ dataset: Dataset) throws {
    let parts = dataset.path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count > 1, parts[0].isEmpty,
      parts.dropFirst().allSatisfy({ !$0.isEmpty && $0 != "." && !$0.utf8.contains(0) })
    else { throw ZooError.failure("“\(dataset.path)” is not the path of a data set") }
    addGroup(parts.dropLast().joined(separator: "/"))
    guard paths.insert(dataset.path).inserted else {
      throw ZooError.failure("\(dataset.path) would be written twice")
    }
    datasets.append(dataset)
  }

  /// A group and its parents, for groups that have only attributes.
  public mutating func addGroup(_ path: String) {
    var group = ""
    for part in path.split(separator: "/") {
      group += "/\(part)"
      if paths.insert(group).inserted { groups.append(group) }
    }
  }

  /// Sets an attribute of an added group or data set.
  public mutating func set(_ name: String, _ value: Attribute, on path: String) {
    attributes.append(.init(path: path, name: name, value: value))
  }
}
