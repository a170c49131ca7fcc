/// Named tensors in an order: what a network is loaded with and what is written to a file.
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

  /// A new name goes to the end; nil takes a name out.
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
