import CStore
import CZoo
import Glibc
import ZooKit

/// An untrusted HDF5 file, open for reading.
///
/// libhdf5 crashes on some malformed files, so it never opens one in this process. A short-lived
/// child walks the file and reports the position of everything. The report is checked against the
/// file, and the numbers are read here from their offsets.
///
/// ```swift
/// let file = try HDF5File("vgg16_weights.h5")
/// let layers = file.attributes(of: "/")["layer_names"]?.strings
/// ```
public struct HDF5File: Sendable {
  /// An attribute of a group or data set.
  public enum Attribute: Sendable, Hashable {
    case strings([String])
    case integers([Int])
    case numbers([Double])
    /// A compound, a reference or another type that is not used here.
    case other

    public var strings: [String]? { if case .strings(let list) = self { list } else { nil } }
    public var integers: [Int]? { if case .integers(let list) = self { list } else { nil } }
    public var numbers: [Double]? {
      switch self {
      case .numbers(let list): list
      case .integers(let list): list.map(Double.init)
      default: nil
      }
    }
    /// The single string, if there is exactly one.
    public var string: String? { strings.flatMap { $0.count == 1 ? $0[0] : nil } }
  }

  /// The name of the libhdf5 that is used; nil if there is none of the right version.
  package static var library: String? { zoo_hdf5_library_name().map { String(cString: $0) } }

  /// An array in the file: numbers, or strings.
  public struct Dataset: Sendable {
    /// From the root: `/conv1/conv1/kernel:0`.
    public let path: String
    public let shape: Shape
    /// Nil for strings and for types that cannot be read.
    public let type: ElementType?
    public let attributes: [String: Attribute]
    let content: Content

    /// The last part of the path.
    public var name: String { path.split(separator: "/").last.map(String.init) ?? path }
    public var isText: Bool { if case .text = content { true } else { false } }

    /// The offset of its first number in the file.
    var place: Int? {
      switch content {
      case .contiguous(let offset): offset
      case .chunked(let chunks): chunks.list.map(\.offset).min()
      default: nil
      }
    }
  }

  enum Content: Sendable {
    case contiguous(offset: Int)
    case chunked(Chunks)
    case compact([UInt8])
    case text([[UInt8]])
    /// A type that cannot be read, by its name.
    case unreadable(String)
  }

  struct Chunks: Sendable {
    struct Chunk: Sendable {
      let start: [Int]
      let offset: Int
      let size: Int
      let skipped: UInt32
    }
    let sizes: [Int]
    let bytes: Int
    let filters: [UInt8]
    let list: [Chunk]
  }

  public var path: String { file.path }
  /// In the order of the groups: by creation if recorded, else by name.
  public let datasets: [Dataset]
  /// The paths of all groups, `/` first.
  public let groups: [String]

  let file: RandomAccessFile
  private let places: [String: Int]
  private let groupAttributes: [String: [String: Attribute]]

  public init(_ path: String) throws { try self.init(RandomAccessFile(path)) }

  package init(_ file: RandomAccessFile) throws {
    try HDF5File.checkSuperblock(of: file)
    var index = try HDF5Index(try HDF5File.index(of: file), of: file)
    try index.parse()
    self.file = file
    datasets = index.datasets
    groups = index.groups
    groupAttributes = index.groupAttributes
    places = Dictionary(
      datasets.enumerated().map { ($1.path, $0) }, uniquingKeysWith: { first, _ in first })
  }

  public subscript(path: String) -> Dataset? { places[path].map { datasets[$0] } }

  /// The attributes of a group; empty if there is no such group.
  public func attributes(of group: String) -> [String: Attribute] { groupAttributes[group] ?? [:] }

  /// The child's report of the file.
  private static func index(of file: RandomAccessFile) throws -> [UInt8] {
    try checkRoom(of: file.path)
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    let ending = zoo_hdf5_index(file.descriptor, UInt64(file.size), &bytes, &count)
    defer { free(bytes) }
    let index = Array(UnsafeBufferPointer(start: bytes, count: count))
    switch ending {
    case ZOO_INDEXED: return index
    case ZOO_REFUSED: throw ZooError.corrupt("\(file.path): \(reason(endOf: index))")
    case ZOO_INTERRUPTED: throw ZooError.failure("reading \(file.path) was interrupted")
    case ZOO_NO_CHILD:
      throw ZooError.system("cannot read \(file.path): no process could be started to check it")
    case ZOO_NO_HDF5:
      throw ZooError.unavailable(
        "libhdf5 is not installed, or not the one that zoo was built for (Debian and Ubuntu: "
          + "apt install libhdf5-dev)")
    default: throw ZooError.corrupt("\(file.path): the HDF5 structure is damaged")
    }
  }

  /// libhdf5 is loaded, and the child that walks the file has as much memory as it may need: with
  /// less, a good file would look damaged.
  static func checkRoom(of path: String) throws {
    guard zoo_has_room(80 << 20) != 0 else {
      throw ZooError.system(
        "\(path): too little address space for libhdf5 under the limit (ulimit -v) of "
          + "\(zoo_room_limit() >> 20) MB")
    }
  }

  /// A rejected file's index ends with the child's reason, its length and an X.
  private static func reason(endOf index: [UInt8]) -> String {
    let end = index.count - 5
    guard end >= 0 else { return "the HDF5 structure is damaged" }
    let length = index[end..<end + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= end, length < 512 else { return "the HDF5 structure is damaged" }
    return String(decoding: index[(end - length)..<end], as: UTF8.self).printable
  }

  /// Checks the fixed head of the file: its magic number and its intended length.
  private static func checkSuperblock(of file: RandomAccessFile) throws {
    let head = try file.read(at: 0, count: min(file.size, 64))
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    guard head.starts(with: signature) else {
      throw ZooError.corrupt("\(file.path) is not an HDF5 file")
    }
    guard head.count == 64 else {
      throw ZooError.corrupt("\(file.path) is truncated: it has \(file.size) bytes")
    }
    func integer(at offset: Int) -> UInt64 {
      head[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    let places: [UInt8: (sizeOfOffsets: Int, base: Int, end: Int)] = [
      0: (13, 24, 40), 1: (13, 28, 44), 2: (9, 12, 28), 3: (9, 12, 28),
    ]
    guard let place = places[head[8]], head[place.sizeOfOffsets] == 8, integer(at: place.base) == 0
    else {
      throw ZooError.corrupt("\(file.path): this version of the HDF5 format cannot be read")
    }
    let end = integer(at: place.end)
    guard end <= UInt64(file.size) else {
      // A flipped bit can make this number absurd; mention it only if it is plausible.
      let whole = end >> 40 == 0 ? " of \(megabytes(Int(end)))" : ""
      throw ZooError.corrupt("\(file.path) is truncated: \(megabytes(file.size))\(whole) MB")
    }
  }

  private static func megabytes(_ bytes: Int) -> String {
    bytes >= 10_000_000 ? "\(bytes / 1_000_000)" : "\(Double(bytes / 1000) / 1000)"
  }
}
