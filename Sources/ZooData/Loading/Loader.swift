import Dispatch
import Synchronization
import ZooKit
import ZooVision

/// Turns a split into batches for a network.
///
/// ```swift
/// let loader = Loader(
///   train, classes: data.classes.count, preprocessing: checkpoint.preprocessing,
///   augmentation: AugmentationPlan(.standard, of: .labels), batchSize: 32, seed: 7)
/// for epoch in 0..<10 {
///   let batches = loader.batches(epoch: epoch)
///   while let batch = try batches.next() { step(batch.input, batch.truths) }
/// }
/// ```
///
/// The seed, the epoch and the item alone determine the items of a batch and their augmentation:
/// the same bytes on any number of threads, and after a restart in the middle
/// (`batches(epoch:from:)`).
public struct Loader: Sendable {
  public let split: Split
  public let classes: Int
  public let preprocessing: Preprocessing
  public let augmentation: AugmentationPlan
  public let batchSize: Int
  public let seed: UInt64
  /// Whether every epoch has another order; else it is the split's own.
  public let shuffles: Bool
  /// Whether a last batch that is not full is skipped.
  public let dropsLast: Bool
  /// The number of threads that decode and augment.
  public let threads: Int
  /// The number of batches that may be prefetched.
  public let ahead: Int
  private let cache: SampleCache

  /// - Parameters:
  ///   - split: The pictures.
  ///   - classes: The number of classes.
  ///   - preprocessing: The checkpoint's record.
  ///   - augmentation: The random augmentation; empty means none.
  ///   - batchSize: The number of pictures per batch.
  ///   - seed: Determines order and augmentation.
  ///   - shuffles: Whether every epoch has another order.
  ///   - dropsLast: Whether to skip a last batch that is not full.
  ///   - threads: The number of threads that decode and augment.
  ///   - ahead: The number of batches that may be prefetched.
  ///   - cacheLimit: The number of bytes of decoded pictures to keep for the next epoch. Without
  ///     random windows they are kept at the network's size, which takes little memory.
  public init(
    _ split: Split, classes: Int, preprocessing: Preprocessing,
    augmentation: AugmentationPlan = AugmentationPlan([]), batchSize: Int, seed: UInt64 = 0,
    shuffles: Bool = true, dropsLast: Bool = false, threads: Int = Threads.count, ahead: Int = 3,
    cacheLimit: Int = 0
  ) {
    self.split = split
    self.classes = classes
    self.preprocessing = preprocessing
    self.augmentation = augmentation
    self.batchSize = max(batchSize, 1)
    self.seed = seed
    self.shuffles = shuffles
    self.dropsLast = dropsLast
    self.threads = max(threads, 1)
    self.ahead = max(ahead, 1)
    cache = SampleCache(limit: cacheLimit)
  }

  /// The number of batches in an epoch.
  public var batchCount: Int {
    dropsLast ? split.count / batchSize : (split.count + batchSize - 1) / batchSize
  }

  /// The number of bytes of cached pictures.
  public var cachedBytes: Int { cache.bytes }

  /// The prefetched batches of an epoch; a resumed run starts in the middle.
  public func batches(epoch: Int, from first: Int = 0) -> Batches {
    Batches(self, epoch: epoch, from: max(first, 0))
  }

  /// One batch, computed synchronously; equal to that of ``batches(epoch:from:)``.
  public func batch(_ index: Int, epoch: Int) throws -> SampleBatch {
    guard 0..<batchCount ~= index else {
      throw ZooError.usage("there is no batch \(index): an epoch has \(batchCount)")
    }
    return try batch(index, of: Array(order(epoch: epoch)[range(of: index)]), epoch: epoch)
  }

  /// A batch of these items in this order, computed synchronously, for callers with their own
  /// order.
  public func batch(of items: [Int], epoch: Int) throws -> SampleBatch {
    try batch(items.first ?? 0, of: items, epoch: epoch)
  }

  func batch(
    _ index: Int, of items: [Int], epoch: Int, inParallel: Bool = false
  ) throws -> SampleBatch {
    guard inParallel else {
      let samples = items.map { item in Result { try sample(item, epoch: epoch) } }
      return try assembled(index, epoch: epoch, items, samples)
    }
    let samples = Mutex([Result<Sample, any Error>?](repeating: nil, count: items.count))
    DispatchQueue.concurrentPerform(iterations: items.count) { place in
      let result = Result { try sample(items[place], epoch: epoch) }
      samples.withLock { $0[place] = result }
    }
    return try assembled(index, epoch: epoch, items, samples.withLock { $0.compactMap(\.self) })
  }

  /// The items in the order of an epoch.
  func order(epoch: Int) -> [Int] {
    guard shuffles else { return Array(0..<split.count) }
    return Random(seed: seed).key("order").key(epoch).permutation(split.count)
  }

  func range(of batch: Int) -> Range<Int> {
    batch * batchSize..<min((batch + 1) * batchSize, split.count)
  }

  /// An item as the network sees it, still in 8 bits.
  func sample(_ index: Int, epoch: Int) throws -> Sample {
    let sample = try stored(index)
    var known = preprocessing
    if !augmentation.fixesSize { (known.resize, known.crop) = (.none, nil) }
    return try augmentation.applied(
      to: sample, known, random: Random(seed: seed).key("augment").key(epoch).key(index),
      other: { bits in
        // Any other item; if it is broken, the next one.
        let start = Int(bits % UInt64(split.count))
        for offset in 0..<min(split.count, 8) {
          let other = (start + offset) % split.count
          if let sample = try? stored(other) { return sample }
        }
        throw ZooError.corrupt("\(split.items[start].name) and its neighbours cannot be read")
      })
  }

  /// An item before random augmentation: resized and cropped by the checkpoint's record, unless a
  /// step chooses its own window.
  private func stored(_ index: Int) throws -> Sample {
    try cache.sample(index) {
      let decoded = try decoded(index)
      return augmentation.fixesSize ? decoded : try decoded.placed(by: preprocessing)
    }
  }

  private func decoded(_ index: Int) throws -> Sample {
    var sample = try split.items[index].sample()
    sample.picture =
      preprocessing.channels == .grey ? try sample.picture.grey : try sample.picture.rgb
    return sample
  }

  private func assembled(
    _ index: Int, epoch: Int, _ items: [Int], _ results: [Result<Sample, any Error>]
  ) throws -> SampleBatch {
    var (samples, indices, broken) = ([Sample](), [Int](), [Broken]())
    for (item, result) in zip(items, results) {
      switch result {
      case .success(let sample):
        samples.append(sample)
        indices.append(item)
      case .failure(let error as ZooError) where error.kind == .corrupt || error.kind == .notFound:
        broken.append(
          Broken(index: item, name: split.items[item].name, reason: error.message))
      case .failure(let error): throw error
      }
    }
    guard !samples.isEmpty else {
      throw ZooError.corrupt(
        "no picture of a batch of \(items.count) can be read; the first: "
          + (broken.first?.reason ?? ""))
    }
    return try SampleBatch(
      samples, indices: indices, broken: broken, classes: classes, normalising: preprocessing,
      mixing: augmentation.mixing,
      random: Random(seed: seed).key("mixing").key(epoch).key(index))
  }
}
