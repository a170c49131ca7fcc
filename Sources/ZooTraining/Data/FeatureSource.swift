import ZooKit
import ZooStore

/// The output of a frozen part of a network for every item, computed once: the rest then trains on
/// features instead of pictures, in a fraction of the time.
///
/// A ``Trainer`` does this automatically if its source is fixed. Use it directly for networks that
/// you cut yourself:
/// ```swift
/// let backbone = try InferencePlan(frozen, weights, batch: 32)
/// let features = try FeatureSource(pictures, through: "vgg16 features", batch: 32) {
///   try backbone.run($0)
/// }
/// let trainer = Trainer(head, weights, features, lesson: objective, options: options)
/// ```
/// The items of the source must be the same in every epoch.
public struct FeatureSource: BatchSource {
  public let count: Int
  public let fingerprint: String
  private let source: any BatchSource
  private let fields: [Field]
  private let store: ItemStore
  /// The record number of an item; nil if equal to the item's number.
  private let places: [Int: Int]?

  public var isFixed: Bool { true }

  /// One tensor of an item, and its offset in the item's record.
  fileprivate struct Field {
    enum Kind { case input, values, classes, weights }
    let kind: Kind
    let name: String
    /// The shape of one item.
    let shape: Shape
    let offset: Int
    var bytes: Int { shape.count * 4 }
  }

  /// How features are stored, and how progress is reported while they are computed.
  struct Keeping {
    /// The required items, ascending; nil means all.
    var items: [Int]?
    /// The largest number of bytes in memory; more goes to a file in the folder, if there is one.
    var limit = Int.max
    var folder: String?
    var calls = SystemCalls.real
    /// The number of batches that are prefetched.
    var ahead = 2
    /// Called with the number of finished items; an error stops the computation.
    var progress: (Int) throws -> Void = { _ in }
  }

  /// - Parameters:
  ///   - source: the items.
  ///   - name: the name of the computation, for the fingerprint.
  ///   - batch: the number of items in every call of the closure.
  ///   - features: computes the inputs of the rest of the network, by name.
  public init(
    _ source: any BatchSource, through name: String, batch: Int,
    features: ([String: Tensor]) throws -> [String: Tensor]
  ) throws {
    try self.init(source, through: name, batch: batch, Keeping(), features: features)
  }

  /// Items are processed in the order of their numbers, in batches of one size, so the result
  /// depends on nothing else.
  init(
    _ source: any BatchSource, through name: String, batch: Int, _ keeping: Keeping,
    features: ([String: Tensor]) throws -> [String: Tensor]
  ) throws {
    guard source.isFixed else {
      throw ZooError.usage("features are computed once, but the data varies from epoch to epoch")
    }
    let numbers = keeping.items ?? Array(0..<source.count)
    guard let final = numbers.last else {
      throw ZooError.usage("there are no items to train on")
    }
    self.source = source
    count = source.count
    fingerprint = "\(source.fingerprint) through \(name)"

    // The last batch is filled up with an item whose result is ignored.
    let batches = stride(from: 0, to: numbers.count, by: batch).map { start in
      (start..<start + batch).map { $0 < numbers.count ? numbers[$0] : final }
    }
    let queue = EpochBatches(batches: batches).read(from: source, ahead: keeping.ahead)
    var (fields, store): ([Field], ItemStore?) = ([], nil)
    var done = 0
    while let (part, _) = try queue.next() {
      let inputs = try features(part.inputs)
      if store == nil {
        fields = try FeatureSource.fields(inputs, part.targets, batch)
        store = try ItemStore(
          count: numbers.count, bytes: fields.reduce(0) { $0 + $1.bytes }, limit: keeping.limit,
          folder: keeping.folder, calls: keeping.calls)
      }
      guard let store else { break }
      let items = min(batch, numbers.count - done)
      let records = try Tensor(Shape([items, store.bytes / 4])) { records in
        for field in fields {
          try FeatureSource.withBytes(of: field, inputs, part.targets) { source in
            guard source.count == batch * field.bytes else { throw field.misfit }
            let target = UnsafeMutableRawBufferPointer(records)
            for item in 0..<items where field.bytes > 0 {
              UnsafeMutableRawBufferPointer(
                rebasing: target[(item * store.bytes + field.offset)...]
              ).copyMemory(
                from: .init(rebasing: source[item * field.bytes..<(item + 1) * field.bytes]))
            }
          }
        }
      }
      try records.withValues { try store.write(.init($0), from: done) }
      done += items
      try keeping.progress(done)
    }
    guard let store else { throw ZooError.failure("no features came") }
    self.fields = fields
    self.store = store
    places = keeping.items.map { items in
      Dictionary(uniqueKeysWithValues: items.enumerated().map { ($1, $0) })
    }
  }

  private static func fields(
    _ inputs: [String: Tensor], _ targets: [String: Target], _ batch: Int
  ) throws -> [Field] {
    var (fields, offset): ([Field], Int) = ([], 0)
    func add(_ kind: Field.Kind, _ name: String, _ shape: Shape) {
      let field = Field(kind: kind, name: name, shape: shape, offset: offset)
      fields.append(field)
      offset += field.bytes
    }
    for (name, tensor) in inputs.sorted(by: { $0.key < $1.key }) {
      add(.input, name, Shape(Array(tensor.shape.sizes.dropFirst())))
    }
    for (name, target) in targets.sorted(by: { $0.key < $1.key }) {
      switch target {
      case .values(let tensor): add(.values, name, Shape(Array(tensor.shape.sizes.dropFirst())))
      case .classes(let all): add(.classes, name, [all.count / batch])
      case .weighted(let all, _):
        add(.classes, name, [all.count / batch])
        add(.weights, name, [all.count / batch])
      }
    }
    return fields
  }

  private static func withBytes(
    of field: Field, _ inputs: [String: Tensor], _ targets: [String: Target],
    _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    switch (field.kind, inputs[field.name], targets[field.name]) {
    case (.input, .some(let tensor), _), (.values, _, .values(let tensor)):
      try tensor.withValues { try body(.init($0)) }
    case (.classes, _, .classes(let all)), (.classes, _, .weighted(let all, _)):
      try all.withUnsafeBytes { try body($0) }
    case (.weights, _, .weighted(_, let all)): try all.withUnsafeBytes { try body($0) }
    default: throw field.misfit
    }
  }

  public func order(epoch: Int, random: Random) -> [Int] {
    source.order(epoch: epoch, random: random)
  }

  public func batch(_ items: [Int], epoch: Int, random: Random) throws -> Batch {
    var batch = Batch(inputs: [:], targets: [:])
    let records = try items.map { item in
      guard let place = places.map({ $0[item] }) ?? item else {
        throw ZooError.failure("no features of the item \(item) were computed")
      }
      return place
    }
    for field in fields {
      func read(into target: UnsafeMutableRawBufferPointer) throws {
        for (place, record) in records.enumerated() {
          try store.read(
            record, at: field.offset,
            into: .init(rebasing: target[place * field.bytes..<(place + 1) * field.bytes]))
        }
      }
      switch field.kind {
      case .input, .values:
        let tensor = try Tensor(Shape([items.count] + field.shape.sizes)) {
          try read(into: .init($0))
        }
        if field.kind == .input {
          batch.inputs[field.name] = tensor
        } else {
          batch.targets[field.name] = .values(tensor)
        }
      case .classes:
        var all = [Int32](repeating: 0, count: items.count * field.shape.count)
        try all.withUnsafeMutableBytes { try read(into: $0) }
        batch.targets[field.name] = .classes(all)
      case .weights:
        guard case .classes(let classes) = batch.targets[field.name] else { throw field.misfit }
        var all = [Float](repeating: 0, count: items.count * field.shape.count)
        try all.withUnsafeMutableBytes { try read(into: $0) }
        batch.targets[field.name] = .weighted(classes, all)
      }
    }
    return batch
  }
}

extension FeatureSource.Field {
  fileprivate var misfit: ZooError {
    .failure("“\(name)” does not have the same shape for all items; expected \(shape)")
  }
}
