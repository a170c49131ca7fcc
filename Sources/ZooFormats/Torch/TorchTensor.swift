import ZooKit
import ZooStore

/// A view into a storage, as a pickle describes it.
struct TorchTensor: Hashable {
  let info: TensorInfo
  let storage: TorchStorage
  /// In elements of the storage.
  let offset: Int
  let strides: [Int]

  /// The range of elements that the view touches.
  let span: Range<Int>

  /// Whether the elements are contiguous in the order of the shape.
  var isContiguous: Bool {
    var expected = 1
    for (size, stride) in zip(info.shape.sizes, strides).reversed() where size != 1 {
      guard stride == expected else { return false }
      expected *= size
    }
    return true
  }

  /// Nil if sizes and strides leave the storage.
  init?(name: String, storage: TorchStorage, offset: Int, sizes: [Int], strides: [Int]) {
    guard let shape = Shape(checked: sizes), sizes.count == strides.count, offset >= 0,
      strides.allSatisfy({ $0 >= 0 })
    else { return nil }
    var last = offset
    if shape.count > 0 {
      for (size, stride) in zip(sizes, strides) {
        let (reach, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
        let (sum, overflow2) = last.addingReportingOverflow(reach)
        guard !overflow, !overflow2 else { return nil }
        last = sum
      }
      guard last < storage.count else { return nil }
    } else {
      guard offset <= storage.count else { return nil }
    }
    info = TensorInfo(name: name, shape: shape, type: storage.type)
    self.storage = storage
    self.offset = offset
    self.strides = strides
    span = offset..<(shape.count > 0 ? last + 1 : offset)
  }
}

/// An array of numbers that tensors are views of.
struct TorchStorage: Hashable {
  let key: String
  let type: ElementType
  /// The start of this storage within the stored one of that key, in elements; in older files
  /// storages can be views themselves.
  var start = 0
  let count: Int
  /// The number of elements of the stored one.
  let wholeCount: Int
}

extension Pickle {
  /// The tensor that a value of a state dict describes; nil if it is something else.
  func tensor(_ value: Value, name: String, in origin: String) throws -> TorchTensor? {
    var value = value
    // A parameter around a subclass around a tensor; no file has more layers.
    for _ in 0..<4 {
      guard let (callee, arguments) = call(value) else { return nil }
      switch callee {
      case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
        "torch.nn.parameter.Parameter":
        guard let data = arguments.first else { return nil }
        value = data
      case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_tensor_v3":
        return try view(arguments, callee, name: name, in: origin)
      case "torch._tensor._rebuild_from_type_v2":
        guard arguments.count >= 3, let inner = global(arguments[0]),
          inner.hasPrefix("torch._utils._rebuild_tensor"), let arguments = items(arguments[2])
        else { return nil }
        return try view(arguments, inner, name: name, in: origin)
      default: return nil
      }
    }
    return nil
  }

  private func view(
    _ arguments: [Value], _ callee: String, name: String, in origin: String
  ) throws -> TorchTensor? {
    guard arguments.count >= 4, let offset = integer(arguments[1]),
      let sizes = integers(arguments[2]), let strides = integers(arguments[3])
    else { throw ZooError.corrupt("\(origin): the tensor \(name) has an unknown description") }
    var type: ElementType?
    if callee.hasSuffix("v3") {
      guard arguments.count > 6, let dtype = global(arguments[6]) else { return nil }
      type = Pickle.dtypes[dtype]
      if type == nil { return nil }
    }
    guard let storage = try storage(arguments[0], type: type, name: name, in: origin) else {
      return nil
    }
    guard
      let tensor = TorchTensor(
        name: name, storage: storage, offset: offset, sizes: sizes, strides: strides)
    else {
      throw ZooError.corrupt(
        "\(origin): the tensor \(name) (sizes \(sizes), strides \(strides), offset \(offset)) "
          + "exceeds its storage of \(storage.count) numbers")
    }
    return tensor
  }

  /// `('storage', type, key, location, count)`, in older files followed by the `(key, offset,
  /// count)` of a view; nil for element types that are not supported.
  private func storage(
    _ value: Value, type: ElementType?, name: String, in origin: String
  ) throws -> TorchStorage? {
    guard let node = node(value), node.kind == .persistent, let items = items(node.items[0]),
      items.count >= 5, string(items[0]) == "storage", let kind = global(items[1]),
      let key = string(items[2]), let count = integer(items[4]), count >= 0
    else { throw ZooError.corrupt("\(origin): the tensor \(name) has no valid storage") }
    let word = kind.split(separator: ".").last.map(String.init) ?? kind
    let untyped = word == "UntypedStorage"
    guard let type = type ?? (untyped ? .uint8 : Pickle.storages[word]) else { return nil }
    // An untyped storage counts in bytes.
    guard !untyped || count.isMultiple(of: type.size) else {
      throw ZooError.corrupt("\(origin): the storage of the tensor \(name) ends inside a number")
    }
    let whole = untyped ? count / type.size : count
    guard items.count > 5, items[5] != .none else {
      return TorchStorage(key: key, type: type, count: whole, wholeCount: whole)
    }
    guard let view = self.items(items[5]), view.count == 3, let start = integer(view[1]),
      let part = integer(view[2]), start >= 0, part >= 0, start <= whole, part <= whole - start
    else {
      throw ZooError.corrupt("\(origin): the storage of the tensor \(name) is not a valid view")
    }
    return TorchStorage(key: key, type: type, start: start, count: part, wholeCount: whole)
  }

  private static let storages: [String: ElementType] = [
    "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16,
    "BFloat16Storage": .bfloat16, "LongStorage": .int64, "IntStorage": .int32,
    "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8, "BoolStorage": .bool,
  ]

  /// Bytes per element, also for types that are never loaded.
  static func storageSize(_ kind: String) -> Int? {
    let word = kind.split(separator: ".").last.map(String.init) ?? kind
    return storages[word]?.size
      ?? ["UntypedStorage": 1, "ComplexFloatStorage": 8, "ComplexDoubleStorage": 16][word]
  }

  private static let dtypes: [String: ElementType] = Dictionary(
    uniqueKeysWithValues: ElementType.allCases.map { ("torch.\($0.rawValue)", $0) })
}
