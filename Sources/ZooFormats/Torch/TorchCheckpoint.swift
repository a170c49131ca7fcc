import Synchronization
import ZooKit
import ZooStore

/// A PyTorch checkpoint (`torch.save` of a state dict, or of a dictionary that contains one), in
/// today's zip format or the older plain-pickle format.
///
/// Opening reads only the description. Tensors may be views of shared storages, with strides and
/// offsets; every view is checked against its storage.
public final class TorchCheckpoint: TensorSource {
  public let origin: String
  public let format: String
  public let tensors: [TensorInfo]
  /// The keys that led to the state dict: `["state_dict"]`.
  public let wrapper: [String]
  /// Entries of the state dict that are not loadable tensors.
  public let skipped: [String]

  private let file: RandomAccessFile
  private let views: [String: TorchTensor]
  private let records: [String: Record]

  /// The position of a storage in the file.
  struct Record: Sendable {
    let bytes: Range<Int>
    /// In the zip format.
    var entry: ZipArchive.Entry?
  }

  private let archive: ZipArchive?
  private let ownRecord: JSON?
  /// Storages whose checksum was verified. Views share storages, so each is checked once.
  private let verified = Mutex<Set<String>>([])

  init(
    _ file: RandomAccessFile, format: String, pickle: Pickle, archive: ZipArchive?,
    record: JSON? = nil, records: (_ keys: Set<String>) throws -> [String: Record]
  ) throws {
    let (state, wrapper) = try pickle.stateDictionary(in: file.path)
    var tensors: [TensorInfo] = []
    var views: [String: TorchTensor] = [:]
    var skipped: [String] = []
    for (key, value) in state {
      guard let name = pickle.string(key) else { continue }
      guard name.isProperName else {
        throw ZooError.corrupt("\(file.path): a tensor has an invalid name")
      }
      guard let view = try pickle.tensor(value, name: name, in: file.path) else {
        skipped.append(name)
        continue
      }
      guard views.updateValue(view, forKey: name) == nil else {
        throw ZooError.corrupt("\(file.path): the tensor \(name) occurs twice")
      }
      tensors.append(view.info)
    }
    guard tensors.count <= 65_536 else {
      throw ZooError.corrupt("\(file.path) has \(tensors.count) tensors, at most 65536 are read")
    }
    let found = try records(Set(views.values.map(\.storage.key)))
    for view in tensors.compactMap({ views[$0.name] }) {
      let key = view.storage.key
      guard let record = found[key] else {
        throw ZooError.corrupt(
          "\(file.path): the storage \(key) of the tensor \(view.info.name) is not in the file")
      }
      let (bytes, overflow) = view.storage.wholeCount.multipliedReportingOverflow(
        by: view.storage.type.size)
      guard !overflow, bytes == record.bytes.count else {
        throw ZooError.corrupt(
          "\(file.path): the storage \(key) of the tensor \(view.info.name) has "
            + "\(record.bytes.count) bytes; expected \(view.storage.wholeCount) numbers of "
            + "\(view.storage.type.rawValue)")
      }
    }
    origin = file.path
    self.format = format
    self.tensors = tensors
    self.wrapper = wrapper
    self.skipped = skipped
    self.file = file
    self.views = views
    self.archive = archive
    ownRecord = record
    self.records = found
  }

  /// The one that ``write(_:to:record:)`` stored.
  public func record() -> JSON? { ownRecord }

  public func read(_ tensor: TensorInfo, into values: UnsafeMutableBufferPointer<Float>) throws {
    guard let view = views[tensor.name], view.info == tensor,
      let record = records[view.storage.key]
    else { throw ZooError.notFound("\(origin) has no tensor \(tensor.name) of \(tensor.shape)") }
    guard values.count == tensor.shape.count else {
      throw ZooError.failure("\(values.count) values do not hold \(tensor.name), \(tensor.shape)")
    }
    let size = view.storage.type.size
    let start = record.bytes.lowerBound + (view.storage.start + view.span.lowerBound) * size
    if try verifyWhileReading(view, record, into: values) { return }
    if view.isContiguous { return try file.read(view.storage.type, at: start, into: values) }
    // Read every element in the view's span once, then pick them in the order of the shape.
    let span = try Tensor([view.span.count]) {
      try file.read(view.storage.type, at: start, into: $0)
    }
    span.withValues { view.gather($0, into: values) }
  }

  /// In the usual case, a tensor that is a whole float32 storage, one pass does both. Otherwise the
  /// checksum of the storage is verified first. Returns true if the values have been read.
  private func verifyWhileReading(
    _ view: TorchTensor, _ record: Record, into values: UnsafeMutableBufferPointer<Float>
  ) throws -> Bool {
    guard let archive, let entry = record.entry,
      !verified.withLock({ $0.contains(view.storage.key) })
    else { return false }
    let whole =
      view.isContiguous && view.storage.type == .float32 && view.storage.start == 0
      && view.span == 0..<view.storage.wholeCount
    if whole { try archive.read(entry, into: .init(values)) } else { try archive.verify(entry) }
    verified.withLock { _ = $0.insert(view.storage.key) }
    return whole
  }
}

extension TorchTensor {
  /// Picks the elements of a view out of its span, in the order of the shape.
  func gather(
    _ span: UnsafeBufferPointer<Float>, into values: UnsafeMutableBufferPointer<Float>
  ) {
    guard !values.isEmpty, let columns = info.shape.sizes.last, let step = strides.last else {
      // A scalar.
      for index in values.indices { values[index] = span[0] }
      return
    }
    let outer = info.shape.sizes.dropLast()
    var place = [Int](repeating: 0, count: outer.count)
    var start = 0
    for row in 0..<values.count / columns {
      for column in 0..<columns { values[row * columns + column] = span[start + column * step] }
      for axis in outer.indices.reversed() {
        place[axis] += 1
        start += strides[axis]
        if place[axis] < outer[axis] { break }
        start -= place[axis] * strides[axis]
        place[axis] = 0
      }
    }
  }
}

extension Pickle {
  /// The entries of the state dict, and the keys that lead to it.
  func stateDictionary(in origin: String) throws
    -> (entries: [(key: Value, value: Value)], wrapper: [String])
  {
    var current = result
    var wrapper: [String] = []
    for _ in 0..<4 {
      guard let entries = dictionary(current) else { break }
      let inner = ["state_dict", "model_state_dict", "model", "net", "state_dict_ema", "weights"]
        .compactMap { key in value(key, of: current).map { (key, $0) } }
        .first { dictionary($0.1) != nil }
      guard let inner else {
        if try entries.contains(where: { try tensor($0.value, name: "?", in: origin) != nil }) {
          return (entries, wrapper)
        }
        break
      }
      wrapper.append(inner.0)
      current = inner.1
    }
    if let callee = call(current)?.callee {
      throw ZooError.corrupt(
        "\(origin) contains a whole object (\(callee)); expected a state dict, as "
          + "torch.save(model.state_dict(), …) writes it")
    }
    throw ZooError.corrupt("\(origin) contains no state dict with tensors")
  }
}
