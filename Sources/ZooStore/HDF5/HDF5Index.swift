import CStore
import ZooKit

/// Parses the child's report of a file without trusting it: every offset and size is checked
/// against the file again.
struct HDF5Index {
  private let bytes: [UInt8]
  private let file: RandomAccessFile
  private var position = 0

  private(set) var datasets: [HDF5File.Dataset] = []
  private(set) var groups: [String] = []
  private(set) var groupAttributes: [String: [String: HDF5File.Attribute]] = [:]

  init(_ bytes: [UInt8], of file: RandomAccessFile) throws {
    self.bytes = bytes
    self.file = file
  }

  mutating func parse() throws {
    while true {
      switch try byte() {
      case UInt8(ascii: "G"):
        let path = try path()
        groups.append(path)
        groupAttributes[path] = try attributes()
      case UInt8(ascii: "D"):
        datasets.append(try dataset())
      case UInt8(ascii: "E") where position == bytes.count:
        return try checkExtents()
      default:
        throw damaged
      }
    }
  }

  // MARK: Primitives

  private var damaged: ZooError { .corrupt("\(file.path): the HDF5 structure is damaged") }

  private func error(_ path: String, _ problem: String) -> ZooError {
    .corrupt("\(file.path): \(path.printable) \(problem)")
  }

  private mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - position else { throw damaged }
    defer { position += count }
    return bytes[position..<position + count]
  }

  private mutating func byte() throws -> UInt8 {
    guard position < bytes.count else { throw damaged }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func word<T: FixedWidthInteger>(_: T.Type) throws -> T {
    try take(MemoryLayout<T>.size).withUnsafeBytes { $0.loadUnaligned(as: T.self) }
  }

  private mutating func integer() throws -> Int {
    guard let integer = Int(exactly: try word(UInt64.self)) else { throw damaged }
    return integer
  }

  private mutating func text() throws -> ArraySlice<UInt8> {
    try take(Int(try word(UInt32.self)))
  }

  private mutating func path() throws -> String {
    guard let path = String(validating: try text(), as: UTF8.self) else {
      throw ZooError.corrupt("\(file.path): a name in it is not UTF-8")
    }
    return path.isEmpty ? "/" : path
  }

  private mutating func sizes() throws -> [Int] {
    let rank = Int(try byte())
    var sizes: [Int] = []
    for _ in 0..<rank { sizes.append(try integer()) }
    return sizes
  }

  // MARK: Attributes

  private mutating func attributes() throws -> [String: HDF5File.Attribute] {
    var attributes: [String: HDF5File.Attribute] = [:]
    while position < bytes.count, bytes[position] == UInt8(ascii: "A") {
      position += 1
      let name = String(decoding: try text(), as: UTF8.self)
      let code = Int(try byte())
      guard let shape = Shape(checked: try sizes()) else { throw damaged }
      attributes[name] = try attribute(code, shape)
    }
    return attributes
  }

  private mutating func attribute(_ code: Int, _ shape: Shape) throws -> HDF5File.Attribute {
    if code == ZOO_TEXT {
      return .strings(try texts(shape.count).map { String(decoding: $0, as: UTF8.self) })
    }
    guard code < ZOO_TEXT else { return .other }
    let values = try take(try integer())
    switch code {
    case ZOO_INT64: return .integers(try list(values, of: Int64.self).map(Int.init))
    case ZOO_INT32: return .integers(try list(values, of: Int32.self).map(Int.init))
    case ZOO_INT16: return .integers(try list(values, of: Int16.self).map(Int.init))
    case ZOO_INT8, ZOO_BOOL: return .integers(try list(values, of: Int8.self).map(Int.init))
    case ZOO_UINT8: return .integers(values.map(Int.init))
    case ZOO_UINT16: return .integers(try list(values, of: UInt16.self).map(Int.init))
    case ZOO_UINT32: return .integers(try list(values, of: UInt32.self).map(Int.init))
    case ZOO_UINT64:
      let exact = try list(values, of: UInt64.self).map { Int(exactly: $0) }
      let integers = exact.compactMap { $0 }
      return integers.count == exact.count ? .integers(integers) : .other
    case ZOO_FLOAT64: return .numbers(try list(values, of: Double.self))
    case ZOO_FLOAT32: return .numbers(try list(values, of: Float.self).map(Double.init))
    default: return .other
    }
  }

  private func list<T: BitwiseCopyable>(_ bytes: ArraySlice<UInt8>, of: T.Type) throws -> [T] {
    let size = MemoryLayout<T>.size
    guard bytes.count % size == 0 else { throw damaged }
    return bytes.withUnsafeBytes { bytes in
      (0..<bytes.count / size).map { bytes.loadUnaligned(fromByteOffset: $0 * size, as: T.self) }
    }
  }

  private mutating func texts(_ count: Int) throws -> [ArraySlice<UInt8>] {
    // Each string takes at least its length field, so this bounds the reservation.
    guard count <= (bytes.count - position) / 4 else { throw damaged }
    return try (0..<count).map { _ in try text() }
  }

  // MARK: Data sets

  private mutating func dataset() throws -> HDF5File.Dataset {
    let path = try path()
    let code = Int(try byte())
    let size = try integer()
    guard let shape = Shape(checked: try sizes()) else {
      throw error(path, "declares more elements than can be addressed")
    }
    let content = try content(path, code, size, shape)
    let attributes = try attributes()
    var type = HDF5Index.elementType(code)
    // How numpy's extension types are stored in a file, and how Keras marks them.
    if code == ZOO_OPAQUE16 || code == ZOO_UINT16, attributes["dtype"]?.string == "bfloat16" {
      type = .bfloat16
    }
    guard type == nil || type?.size == size else { throw damaged }
    return .init(path: path, shape: shape, type: type, attributes: attributes, content: content)
  }

  private static func elementType(_ code: Int) -> ElementType? {
    switch code {
    case ZOO_FLOAT64: .float64
    case ZOO_FLOAT32: .float32
    case ZOO_FLOAT16: .float16
    case ZOO_BFLOAT16: .bfloat16
    case ZOO_INT64: .int64
    case ZOO_INT32: .int32
    case ZOO_INT16: .int16
    case ZOO_INT8: .int8
    case ZOO_UINT8: .uint8
    case ZOO_BOOL: .bool
    default: nil
    }
  }

  private mutating func content(
    _ path: String, _ code: Int, _ size: Int, _ shape: Shape
  ) throws -> HDF5File.Content {
    switch code {
    case ZOO_TEXT: return .text(try texts(shape.count).map(Array.init))
    case ZOO_BIG_ENDIAN: return .unreadable("big-endian numbers")
    case 1..<ZOO_TEXT: break
    default: return .unreadable("elements that are neither numbers nor text")
    }
    let (bytes, overflow) = shape.count.multipliedReportingOverflow(by: size)
    guard !overflow, (1...8).contains(size) else { throw damaged }
    switch Int(try byte()) {
    case ZOO_CONTIGUOUS:
      let offset = try word(UInt64.self)
      let stored = try integer()
      guard bytes > 0 else { return .compact([]) }
      guard stored == bytes, let offset = Int(exactly: offset) else {
        throw error(path, "declares \(bytes) bytes of numbers and stores \(stored)")
      }
      try checkExtent(path, offset, bytes)
      return .contiguous(offset: offset)
    case ZOO_CHUNKED:
      let chunks = try chunks(path, size, shape)
      return bytes > 0 ? .chunked(chunks) : .compact([])
    case ZOO_COMPACT:
      let values = Array(try take(try integer()))
      guard values.count == bytes else { throw damaged }
      return .compact(values)
    default:
      throw damaged
    }
  }

  private mutating func chunks(
    _ path: String, _ size: Int, _ shape: Shape
  ) throws -> HDF5File.Chunks {
    var sizes: [Int] = []
    for _ in 0..<shape.rank { sizes.append(try integer()) }
    guard let chunk = Shape(checked: sizes), chunk.count > 0, chunk.count <= 1 << 30 else {
      throw error(path, "has chunks of impossible size")
    }
    let filters = Array(try take(Int(try byte())))
    let perAxis = zip(shape.sizes, sizes).map { ($0 - 1) / $1 + 1 }
    let expected = shape.count == 0 ? 0 : perAxis.reduce(1, *)
    let count = try integer()
    guard count == expected else {
      throw error(path, "stores \(count) of its \(expected) chunks")
    }
    let bytes = chunk.count * size
    var seen = Set<[Int]>()
    var list: [HDF5File.Chunks.Chunk] = []
    for _ in 0..<count {
      var start: [Int] = []
      for axis in 0..<shape.rank {
        let first = try integer()
        guard first < shape[axis], first % sizes[axis] == 0 else { throw damaged }
        start.append(first)
      }
      let offset = try integer()
      let stored = try integer()
      let skipped = try word(UInt32.self)
      try checkExtent(path, offset, stored)
      // Deflate compresses at most 1032 to 1; more is a lie about memory.
      let deflated = filters.contains(UInt8(ZOO_DEFLATE))
      guard stored > 0, seen.insert(start).inserted,
        bytes <= (deflated ? stored * 1032 + 1024 : stored)
      else { throw damaged }
      list.append(.init(start: start, offset: offset, size: stored, skipped: skipped))
    }
    return .init(sizes: sizes, bytes: bytes, filters: filters, list: list)
  }

  private func checkExtent(_ path: String, _ offset: Int, _ size: Int) throws {
    guard offset >= 0, size >= 0, offset <= file.size, size <= file.size - offset else {
      throw error(
        path, "lies outside the file: \(size) bytes at \(offset), the file has \(file.size)")
    }
  }

  /// No two data sets may share bytes, because a small file could then claim any amount of memory.
  /// One data set under two names is allowed.
  private func checkExtents() throws {
    var extents: [(offset: Int, end: Int, path: String)] = []
    for dataset in datasets {
      switch dataset.content {
      case .contiguous(let offset):
        let size = dataset.shape.count * (dataset.type?.size ?? 1)
        extents.append((offset, offset + size, dataset.path))
      case .chunked(let chunks):
        extents += chunks.list.map { ($0.offset, $0.offset + $0.size, dataset.path) }
      default: break
      }
    }
    extents.sort { ($0.offset, $0.end) < ($1.offset, $1.end) }
    for (one, next) in zip(extents, extents.dropFirst())
    where next.offset < one.end && (one.offset, one.end) != (next.offset, next.end) {
      throw error(next.path, "shares bytes with \(one.path.printable)")
    }
  }
}
