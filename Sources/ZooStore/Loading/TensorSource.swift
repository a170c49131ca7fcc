import ZooKit

/// The number types that checkpoints store. All computations use float32.
public enum ElementType: String, Sendable, CaseIterable {
  case float64, float32, float16, bfloat16
  case int64, int32, int16, int8, uint8, bool

  public var size: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .float16, .bfloat16, .int16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  public var isFloat: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16: true
    default: false
    }
  }
}

/// The name, shape and type of a tensor, known before any number is read.
public struct TensorInfo: Hashable, Sendable {
  public let name: String
  public let shape: Shape
  public let type: ElementType

  public init(name: String, shape: Shape, type: ElementType) {
    self.name = name
    self.shape = shape
    self.type = type
  }
}

/// The layout of kernels in a framework's checkpoints.
public enum KernelLayout: String, Sendable {
  /// Convolutions out×in×height×width, dense layers out×in, features flattened C×H×W: PyTorch.
  case channelsFirst
  /// Convolutions height×width×in×out, dense layers in×out, features flattened H×W×C: Keras.
  case channelsLast
}

/// A checkpoint that is open for reading: names and shapes at once, numbers on request.
///
/// Opening validates everything that can be checked without reading the numbers. `read` returns
/// contiguous float32 in the order of the tensor's own shape, whatever the file contains.
public protocol TensorSource: Sendable {
  /// The file's name, for messages.
  var origin: String { get }
  /// The format, as its users call it: "PyTorch zip", "safetensors", "Keras HDF5".
  var format: String { get }
  var layout: KernelLayout { get }
  /// In the order of the file.
  var tensors: [TensorInfo] { get }
  func read(_ tensor: TensorInfo, into values: UnsafeMutableBufferPointer<Float>) throws
  /// Our record of these weights, as ``Checkpoint`` reads it, if the file was exported with one.
  func record() throws -> JSON?
}

extension TensorSource {
  public var layout: KernelLayout { .channelsFirst }
  public func record() throws -> JSON? { nil }

  /// One tensor by name.
  public func tensor(_ name: String) throws -> Tensor {
    guard let info = tensors.first(where: { $0.name == name }) else {
      throw ZooError.notFound("\(origin) has no tensor \(name)")
    }
    return try Tensor(info.shape) { try read(info, into: $0) }
  }
}
