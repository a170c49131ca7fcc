import ZooKit

/// A Darknet `.weights` file: numbers one after the other, and no word about what they are.
///
/// Only a network tells where a layer's numbers begin, so the file becomes a `TensorSource` by
/// ``laid(over:)``; until then it is one run of numbers.
///
/// ```swift
/// let file = try DarknetWeights("yolov4-tiny.weights")
/// let plan = try LoadPlan(from: file.laid(over: graph), into: graph)
/// ```
public struct DarknetWeights: TensorSource {
  public let origin: String
  public var format: String { "Darknet" }
  public let tensors: [TensorInfo]
  /// Version of the format, for instance 0.2.5.
  public let version: (major: Int, minor: Int, revision: Int)
  /// How many pictures the network was trained with.
  public let seen: UInt64
  /// Bytes before the first number.
  public let header: Int
  let file: RandomAccessFile

  public init(_ path: String) throws { try self.init(RandomAccessFile(path)) }

  init(_ file: RandomAccessFile) throws {
    guard let version = DarknetWeights.version(of: file) else {
      throw ZooError.corrupt("\(file.path) does not begin as Darknet's weights do")
    }
    self.file = file
    self.version = version
    origin = file.path
    // The counter grew when it overflowed.
    let wide = version.major * 10 + version.minor >= 2
    header = wide ? 20 : 16
    guard file.size > header else {
      throw ZooError.corrupt(
        "\(origin) has \(file.size) bytes, of which \(header) are Darknet's header: it ends before "
          + "the first weight")
    }
    var reader = ByteReader(try file.read(at: 12, count: header - 12), origin: origin)
    seen = wide ? try reader.number(UInt64.self) : UInt64(try reader.number(UInt32.self))
    let count = (file.size - header) / 4
    tensors =
      count > 0
      ? [TensorInfo(name: "weights", shape: [count], type: .float32)] : []
  }

  public func read(_ tensor: TensorInfo, into values: UnsafeMutableBufferPointer<Float>) throws {
    guard values.count == tensor.shape.count, values.count <= (file.size - header) / 4 else {
      throw ZooError.notFound("\(origin) has no tensor \(tensor.name) of \(tensor.shape)")
    }
    try file.read(.float32, at: header, into: values)
  }

  /// There is no magic number; three small ones are what every such file begins with, and nothing
  /// else that is known here.
  static func sniffs(_ file: RandomAccessFile) -> Bool { version(of: file) != nil }

  private static func version(of file: RandomAccessFile)
    -> (major: Int, minor: Int, revision: Int)?
  {
    guard file.size >= 12, let start = try? file.read(at: 0, count: 12) else { return nil }
    var reader = ByteReader(start, origin: file.path)
    // From 1000 on the kernels would be transposed; no published file is so old.
    guard let major = try? reader.number(UInt32.self), let minor = try? reader.number(UInt32.self),
      let revision = try? reader.number(UInt32.self), max(major, minor, revision) < 1000
    else { return nil }
    return (Int(major), Int(minor), Int(revision))
  }
}
