import ZooKit
import ZooStore

/// The batches of one epoch: their items and order, independent of progress.
struct EpochBatches {
  let epoch: Int
  let batches: [[Int]]
  let random: Random

  /// The last batch is smaller if the items do not divide evenly. A single item is skipped, because
  /// a norm cannot learn from it.
  init(_ source: some BatchSource, epoch: Int, size: Int, dropsLast: Bool, seed: Random) throws {
    let order = source.order(epoch: epoch, random: seed.key("order").key(epoch))
    guard let first = order.first else { throw ZooError.usage("there are no items to train on") }
    guard order.allSatisfy({ 0..<source.count ~= $0 }) else {
      throw ZooError.failure("the order of epoch \(epoch + 1) contains items that do not exist")
    }
    var batches = stride(from: 0, to: order.count, by: size).map {
      Array(order[$0..<min($0 + size, order.count)])
    }
    if batches.count > 1, let last = batches.last, last.count < size, dropsLast || last.count == 1 {
      batches.removeLast()
    }
    self.epoch = epoch
    self.batches = batches.isEmpty ? [[first]] : batches
    random = seed.key("data").key(epoch)
  }

  /// For a source that does not vary: no epoch, no randomness.
  init(batches: [[Int]]) {
    self.batches = batches
    epoch = 0
    random = Random(seed: 0)
  }

  /// The batches in order with their numbers of items, prefetched while the network is busy.
  /// - Parameters:
  ///   - start: the number of batches that an interrupted run has already done.
  ///   - ahead: the number of batches to prefetch.
  func read(
    from source: any BatchSource, after start: Int = 0, ahead: Int
  ) -> ReadAhead<(batch: Batch, count: Int)> {
    ReadAhead(min(start, batches.count)..<batches.count, ahead: ahead) { index in
      (try source.batch(batches[index], epoch: epoch, random: random), batches[index].count)
    }
  }

  var items: Int { batches.reduce(0) { $0 + $1.count } }
}
