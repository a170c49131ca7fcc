import Glibc
import ZooKit

/// The batches of an epoch in order, made on other threads while the reader uses the previous one.
///
/// The number of waiting batches is limited by the loader, so memory is bounded. An error is thrown
/// at the batch that caused it; more than 5 % of broken pictures are an error.
public final class Batches: Sendable {
  private let workshop: Workshop

  init(_ loader: Loader, epoch: Int, from first: Int) {
    workshop = Workshop(loader, epoch: epoch, from: first)
    for _ in 0..<loader.threads { workshop.employ() }
  }

  deinit { workshop.close() }

  /// The next batch; nil at the end of the epoch. Only one thread may call it.
  public func next() throws -> SampleBatch? { try workshop.next() }

  /// The pictures of this epoch so far that could not be read.
  public var broken: [Broken] { workshop.broken }
}

/// Threads that make batches, item by item in the order of use.
///
/// `@unchecked Sendable`: a mutex guards all mutable state.
private final class Workshop: @unchecked Sendable {
  private struct Bench {
    var results: [Result<Sample, any Error>?]
    var left: Int
    var batch: Result<SampleBatch, any Error>?
  }

  private let loader: Loader
  private let epoch: Int
  private let order: [Int]
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// The batches in progress, by number.
  private var benches: [Int: Bench] = [:]
  private var nextBatch: Int
  private var nextItem = 0
  private var wanted: Int
  private var found: [Broken] = []
  private var isClosed = false
  private var workers = 0

  init(_ loader: Loader, epoch: Int, from first: Int) {
    self.loader = loader
    self.epoch = epoch
    order = loader.order(epoch: epoch)
    (nextBatch, wanted) = (first, first)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(changed)
    mutex.deallocate()
    changed.deallocate()
  }

  private func locked<R>(_ body: () throws -> R) rethrows -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }

  func close() {
    locked { isClosed = true }
    pthread_cond_broadcast(changed)
  }

  var broken: [Broken] { locked { found } }

  /// Starts a thread that works until nothing is left to do.
  func employ() {
    let box = Unmanaged.passRetained(self)
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    // Decoders keep rows on the stack.
    pthread_attr_setstacksize(&attributes, 4 << 20)
    let failed = pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Workshop>.fromOpaque(argument).takeRetainedValue().work()
        return nil
      }, box.toOpaque())
    pthread_attr_destroy(&attributes)
    if failed == 0 { locked { workers += 1 } } else { box.release() }
  }

  private func work() {
    while let task = locked({ awaited() }) { perform(task) }
  }

  /// The next item to make; blocks while enough batches are waiting. Nil at the end.
  private func awaited() -> (batch: Int, place: Int)? {
    while !isClosed, nextBatch < loader.batchCount {
      if nextBatch < wanted + loader.ahead { return taken() }
      pthread_cond_wait(changed, mutex)
    }
    return nil
  }

  private func taken() -> (batch: Int, place: Int) {
    let task = (batch: nextBatch, place: nextItem)
    let count = loader.range(of: nextBatch).count
    if nextItem == 0 {
      benches[nextBatch] = Bench(results: Array(repeating: nil, count: count), left: count)
    }
    nextItem += 1
    if nextItem == count { (nextBatch, nextItem) = (nextBatch + 1, 0) }
    return task
  }

  private func perform(_ task: (batch: Int, place: Int)) {
    let range = loader.range(of: task.batch)
    let item = order[range.lowerBound + task.place]
    let result = Result { try loader.sample(item, epoch: epoch) }
    let results: [Result<Sample, any Error>]? = locked {
      benches[task.batch]?.results[task.place] = result
      benches[task.batch]?.left -= 1
      guard let bench = benches[task.batch], bench.left == 0 else { return nil }
      benches[task.batch]?.results = []
      return bench.results.compactMap(\.self)
    }
    // The thread that finishes the last item assembles the batch.
    guard let results else { return }
    let batch = Result {
      try loader.assembled(task.batch, epoch: epoch, Array(order[range]), results)
    }
    locked { benches[task.batch]?.batch = batch }
    pthread_cond_broadcast(changed)
  }

  func next() throws -> SampleBatch? {
    // If no thread could be started, the reader does the work.
    while let task = locked({ workers == 0 && nextBatch <= wanted ? awaited() : nil }) {
      perform(task)
    }
    let result: Result<SampleBatch, any Error>? = locked {
      guard wanted < loader.batchCount, !isClosed else { return nil }
      while true {
        if let done = benches[wanted]?.batch {
          benches[wanted] = nil
          wanted += 1
          return done
        }
        pthread_cond_wait(changed, mutex)
      }
    }
    pthread_cond_broadcast(changed)
    guard let result else { return nil }
    do {
      let batch = try result.get()
      let all = locked {
        found += batch.broken
        return found
      }
      try Split.tolerate(all, of: loader.split.count, in: loader.split.name)
      return batch
    } catch {
      close()
      throw error
    }
  }
}
