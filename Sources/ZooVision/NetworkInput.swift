import ZooKit

/// All that a network needs of a picture.
///
/// ```swift
/// let input = try preprocessing.input(from: picture)
/// try preprocessing.fill(values, with: input)
/// ```
public enum NetworkInput: Sendable {
  /// The picture, resized and cropped. It takes a quarter of the memory of its numbers.
  case levels(Picture)
  /// C×H×W, where the preprocessing interpolates numbers.
  case numbers(Tensor)

  /// C×H×W.
  public var shape: Shape {
    switch self {
    case .levels(let picture): [picture.channels, picture.height, picture.width]
    case .numbers(let tensor): tensor.shape
    }
  }
}

extension Preprocessing {
  public func input(from picture: Picture) throws -> NetworkInput {
    isPadded ? .numbers(try tensor(from: picture)) : .levels(try applied(to: picture))
  }

  /// Writes an input that this preprocessing made, C×H×W.
  public func fill(_ values: UnsafeMutableBufferPointer<Float>, with input: NetworkInput) throws {
    switch input {
    case .levels(let picture): try fill(values, with: picture)
    case .numbers(let tensor): tensor.withValues { _ = values.update(fromContentsOf: $0) }
    }
  }
}
