/// Named tensors in order: the weights of a network.
///
/// ```swift
/// var weights = Weights()
/// weights["fc.weight"] = try Tensor(zeros: [10, 512])
/// for (name, tensor) in weights { print(name, tensor.shape) }
/// ```
public struct Weights: Sendable {
  public private(set) var names: [String] = []
  private var tensors: [String: Tensor] = [:]

  public init() {}

  public var count: Int { names.count }

  /// A new name is appended; nil removes a name.
  public subscript(name: String) -> Tensor? {
    get { tensors[name] }
    set {
      switch (tensors[name], newValue) {
      case (nil, .some): names.append(name)
      case (.some, nil): names.removeAll { $0 == name }
      default: break
      }
      tensors[name] = newValue
    }
  }
}

extension Weights: Sequence {
  public func makeIterator() -> some IteratorProtocol<(name: String, tensor: Tensor)> {
    names.lazy.compactMap { name in tensors[name].map { (name: name, tensor: $0) } }.makeIterator()
  }
}
