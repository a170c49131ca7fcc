import ZooKit
import ZooStore

/// A safetensors file: a JSON header with the position of every tensor, followed by the tensors.
///
/// Opening checks the whole header: the tensors must cover the data without gaps or overlaps, to
/// the byte.
public struct SafeTensors: TensorSource {
  public let origin: String
  public var format: String { "safetensors" }
  public let tensors: [TensorInfo]
  /// Entries whose element type cannot be loaded here, such as eight-bit floats.
  public let skipped: [String]
  public let metadata: [String: String]

  private let file: RandomAccessFile
  /// The offset of each tensor in the file.
  private let offsets: [String: Int]

  static let largestHeader = 100 << 20
  static let mostTensors = 65_536

  public init(_ path: String) throws { try self.init(RandomAccessFile(path)) }

  init(_ file: RandomAccessFile) throws {
    let header = try Header(file)
    self.file = file
    origin = file.path
    metadata = header.metadata
    var tensors: [TensorInfo] = []
    var skipped: [String] = []
    var offsets: [String: Int] = [:]
    for entry in header.entries {
      guard let type = entry.type else {
        skipped.append(entry.name)
        continue
      }
      tensors.append(TensorInfo(name: entry.name, shape: entry.shape, type: type))
      offsets[entry.name] = header.dataStart + entry.bytes.lowerBound
    }
    self.tensors = tensors
    self.skipped = skipped
    self.offsets = offsets
  }

  public func read(_ tensor: TensorInfo, into values: UnsafeMutableBufferPointer<Float>) throws {
    guard let offset = offsets[tensor.name], values.count == tensor.shape.count else {
      throw ZooError.notFound("\(origin) has no tensor \(tensor.name) of \(tensor.shape)")
    }
    try file.read(tensor.type, at: offset, into: values)
  }

  /// The one that ``write(_:to:record:)`` stored: its texts, and the JSON of everything else.
  public func record() throws -> JSON? {
    guard ["version", "family", "variant", "preprocessing"].allSatisfy({ metadata[$0] != nil })
    else { return nil }
    let texts: Set<String> = ["family", "variant", "task", "license"]
    var members: [(key: String, value: JSON)] = []
    for (key, text) in metadata.sorted(by: { $0.key < $1.key }) where key != "format" {
      let value =
        texts.contains(key)
        ? JSON(text) : try JSON(parsing: text, origin: "\(origin): “\(key)” of __metadata__")
      members.append((key, value))
    }
    return JSON(.object(members))
  }

  /// Whether the file starts with eight bytes of length and that much JSON.
  static func sniffs(_ file: RandomAccessFile) -> Bool {
    guard file.size > 9, let start = try? file.read(at: 0, count: 9) else { return false }
    return start[8] == UInt8(ascii: "{") && start[5] == 0 && start[6] == 0 && start[7] == 0
  }
}

private struct Header {
  struct Entry {
    let name: String
    let type: ElementType?
    let shape: Shape
    let bytes: Range<Int>
  }

  var entries: [Entry] = []
  var metadata: [String: String] = [:]
  let dataStart: Int

  init(_ file: RandomAccessFile) throws {
    // A picture's first bytes would be an absurd length.
    if file.size > 0,
      let other = ForeignCheckpoint.known(try file.read(at: 0, count: min(16, file.size))),
      !SafeTensors.sniffs(file)
    {
      throw ZooError.corrupt("\(file.path) is not a safetensors file: \(other)")
    }
    var length = ByteReader(try file.read(at: 0, count: 8), origin: file.path)
    let count = try length.number(UInt64.self)
    guard count <= SafeTensors.largestHeader, count <= file.size - 8 else {
      throw ZooError.corrupt(
        "\(file.path): a header of \(count) bytes; the file has \(file.size), and at most "
          + "\(SafeTensors.largestHeader) are read")
    }
    let text = try file.read(at: 8, count: Int(count))
    dataStart = 8 + text.count
    guard text.first == UInt8(ascii: "{") else {
      throw ZooError.corrupt("\(file.path): the header does not start with {")
    }
    try Header.checkExtent(of: text, in: file.path)
    let json = try JSON(parsing: text, origin: file.path)
    var header = try Fields(json, of: "the header", in: file.path)
    for (name, json) in header.rest() {
      if name == "__metadata__" { try readMetadata(json, file) } else { try add(name, json, file) }
    }
    try checkCoverage(of: file.size - dataStart, in: file.path)
  }

  /// A megabyte of brackets would become hundreds of megabytes of values, so values are counted
  /// before they are parsed. A tensor has about ten.
  private static func checkExtent(of text: [UInt8], in origin: String) throws {
    var values = 0
    var quoted = false
    var escaped = false
    for byte in text {
      switch byte {
      case _ where escaped: escaped = false
      case UInt8(ascii: "\\"): escaped = quoted
      case UInt8(ascii: "\""): quoted.toggle()
      case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{"): values += quoted ? 0 : 1
      default: break
      }
    }
    guard values <= 16 * SafeTensors.mostTensors else {
      throw ZooError.corrupt("\(origin): a header of \(values) values cannot describe tensors")
    }
  }

  private mutating func readMetadata(_ json: JSON, _ file: RandomAccessFile) throws {
    var fields = try Fields(json, of: "__metadata__", in: file.path)
    for (key, value) in fields.rest() {
      guard let text = value.string else {
        throw fields.error("“\(key)” of __metadata__ is not a string", line: value.line)
      }
      metadata[key] = text
    }
  }

  private mutating func add(_ name: String, _ json: JSON, _ file: RandomAccessFile) throws {
    guard name.isProperName else {
      throw ZooError.corrupt("\(file.path): a tensor has an invalid name")
    }
    var fields = try Fields(json, of: "the tensor \(name)", in: file.path)
    let dtype = try fields.string("dtype")
    let sizes = try fields.integers("shape")
    let offsets = try fields.integers("data_offsets")
    try fields.finish()
    guard entries.count < SafeTensors.mostTensors else {
      throw ZooError.corrupt("\(file.path): more than \(SafeTensors.mostTensors) tensors")
    }
    guard let size = Header.sizes[dtype] else {
      throw fields.error("the tensor \(name) has the unknown type \(dtype)")
    }
    guard let shape = Shape(checked: sizes) else {
      throw fields.error("the tensor \(name) has the impossible shape \(sizes)")
    }
    guard offsets.count == 2, offsets[0] >= 0, offsets[1] >= offsets[0],
      offsets[1] - offsets[0] == shape.count * size
    else {
      throw fields.error("the offsets \(offsets) of \(name) do not hold \(shape) of \(dtype)")
    }
    entries.append(
      Entry(
        name: name, type: Header.types[dtype], shape: shape, bytes: offsets[0]..<offsets[1]))
  }

  private func checkCoverage(of size: Int, in origin: String) throws {
    var end = 0
    for entry in entries.sorted(by: {
      ($0.bytes.lowerBound, $0.bytes.upperBound)
        < ($1.bytes.lowerBound, $1.bytes.upperBound)
    }) {
      guard entry.bytes.lowerBound == end else {
        throw ZooError.corrupt(
          "\(origin): the tensor \(entry.name) begins at \(entry.bytes.lowerBound), the one before "
            + "ends at \(end)")
      }
      end = entry.bytes.upperBound
    }
    guard end == size else {
      throw ZooError.corrupt("\(origin): the tensors take \(end) bytes, the file has \(size)")
    }
  }

  static let types: [String: ElementType] = [
    "F64": .float64, "F32": .float32, "F16": .float16, "BF16": .bfloat16, "I64": .int64,
    "I32": .int32, "I16": .int16, "I8": .int8, "U8": .uint8, "BOOL": .bool,
  ]

  /// Bytes per element, also for types that are skipped.
  static let sizes: [String: Int] = types.mapValues(\.size).merging(
    ["U64": 8, "U32": 4, "U16": 2, "F8_E5M2": 1, "F8_E4M3": 1, "F8_E8M0": 1, "C64": 8],
    uniquingKeysWith: { first, _ in first })
}
