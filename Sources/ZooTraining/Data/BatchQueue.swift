import Dispatch
import Synchronization
import ZooKit

/// Prefetches batches on other threads while the network is busy. The number of threads affects
/// only the time at which a batch is ready, not its content.
final class BatchQueue {
  private let source: any BatchSource
  private let plan: EpochBatches
  private var next: Int
  private var coming: [Promise] = []
  private let ahead: Int
  private let threads = DispatchQueue(label: "zoo.batches", attributes: .concurrent)

  /// - Parameters:
  ///   - start: the number of batches that an interrupted run has already done.
  ///   - ahead: the number of batches to prefetch.
  init(_ source: any BatchSource, _ plan: EpochBatches, from start: Int, ahead: Int) {
    self.source = source
    self.plan = plan
    self.ahead = max(1, ahead)
    next = start
  }

  /// The next batch and its number of items; nil after the last.
  func take() throws -> (batch: Batch, count: Int)? {
    while coming.count < ahead, next < plan.batches.count {
      let promise = Promise(items: plan.batches[next])
      let (source, epoch, random) = (source, plan.epoch, plan.random)
      threads.async {
        promise.keep(Result { try source.batch(promise.items, epoch: epoch, random: random) })
      }
      coming.append(promise)
      next += 1
    }
    guard !coming.isEmpty else { return nil }
    let promise = coming.removeFirst()
    return (try promise.batch(), promise.items.count)
  }

  private final class Promise: Sendable {
    let items: [Int]
    private let result = Mutex<Result<Batch, any Error>?>(nil)
    private let isKept = DispatchSemaphore(value: 0)

    init(items: [Int]) { self.items = items }

    func keep(_ batch: Result<Batch, any Error>) {
      result.withLock { $0 = batch }
      isKept.signal()
    }

    func batch() throws -> Batch {
      isKept.wait()
      guard let result = result.withLock({ $0 }) else { throw ZooError.failure("no batch came") }
      return try result.get()
    }
  }
}
