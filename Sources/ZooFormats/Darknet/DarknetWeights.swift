import ZooKit
import ZooStore

/// A Darknet `.weights` file: consecutive numbers without any names.
///
/// Only a network can tell where a layer's numbers start, so ``laid(over:)`` turns the file into a
/// `TensorSource` with names; until then it is one array of numbers.
///
/// ```swift
/// let file = try DarknetWeights("yolov4-tiny.weights")
/// let plan = try LoadPlan(from: file.laid(over: graph), into: graph)
/// ```
public struct DarknetWeights: TensorSource {
  public let origin: String
  public var format: String { "Darknet" }
  public let tensors: [TensorInfo]
  /// The version of the format, such as 0.2.5.
  public let version: (major: Int, minor: Int, revision: Int)
  /// The number of pictures the network was trained with.
  public let seen: UInt64
  /// The offset in bytes of the first number.
  public let header: Int
  let file: RandomAccessFile

  public init(_ path: String) throws { try self.init(RandomAccessFile(path)) }

  init(_ file: RandomAccessFile) throws {
    guard let version = DarknetWeights.version(of: file) else {
      throw ZooError.corrupt("\(file.path) does not start like Darknet's weights")
    }
    self.file = file
    self.version = version
    origin = file.path
    // The counter became wider in this version.
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

  /// There is no magic number; every such file starts with three small numbers, and no other known
  /// format does.
  static func sniffs(_ file: RandomAccessFile) -> Bool { version(of: file) != nil }

  private static func version(of file: RandomAccessFile)
    -> (major: Int, minor: Int, revision: Int)?
  {
    guard file.size >= 12, let start = try? file.read(at: 0, count: 12) else { return nil }
    var reader = ByteReader(start, origin: file.path)
    // From version 1000 on, kernels would be transposed; no published file is that old.
    guard let major = try? reader.number(UInt32.self), let minor = try? reader.number(UInt32.self),
      let revision = try? reader.number(UInt32.self), max(major, minor, revision) < 1000
    else { return nil }
    return (Int(major), Int(minor), Int(revision))
  }
}
