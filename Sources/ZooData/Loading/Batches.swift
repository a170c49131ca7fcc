import ZooStore

/// The batches of an epoch in order, made on other threads while the reader uses the previous one.
///
/// The number of waiting batches is limited by the loader, so memory is bounded. An error is thrown
/// at the batch that caused it; more than 5 % of broken pictures are an error. For one reader.
public final class Batches {
  private let loader: Loader
  private var queue: ReadAhead<SampleBatch>?
  /// The pictures of this epoch so far that could not be read.
  public private(set) var broken: [Broken] = []

  init(_ loader: Loader, epoch: Int, from first: Int) {
    self.loader = loader
    let order = loader.order(epoch: epoch)
    // Batches share out the threads; a single batch shares out its pictures.
    let inParallel = loader.threads > 1 && loader.batchCount - first < loader.threads
    queue = ReadAhead(
      min(first, loader.batchCount)..<loader.batchCount, ahead: loader.ahead,
      threads: loader.threads
    ) { index in
      try loader.batch(
        index, of: Array(order[loader.range(of: index)]), epoch: epoch, inParallel: inParallel)
    }
  }

  /// The next batch; nil at the end of the epoch and after an error.
  public func next() throws -> SampleBatch? {
    do {
      guard let batch = try queue?.next() else { return nil }
      broken += batch.broken
      try Split.tolerate(broken, of: loader.split.count, in: loader.split.name)
      return batch
    } catch {
      queue = nil
      throw error
    }
  }
}
