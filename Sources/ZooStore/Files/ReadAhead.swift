import Dispatch
import Synchronization

/// Values that other threads make ahead of time, taken in order.
///
/// ```swift
/// let batches = ReadAhead(0..<10, ahead: 3) { try loader.batch($0, epoch: 0) }
/// while let batch = try batches.next() { step(batch) }
/// ```
/// At most `ahead` values are waiting or being made, so memory is bounded. An error is thrown in the
/// place of its value. The threads affect only when a value is ready, not what it is. If the reader
/// stops early, values being made are finished and dropped. For one reader.
package final class ReadAhead<Value: Sendable> {
  private let workers: Workers
  private var indices: Range<Int>
  private var coming: [Promise] = []
  private let ahead: Int

  /// - Parameters:
  ///   - indices: The indices of the values, in order.
  ///   - ahead: The number of values that may be waiting or being made.
  ///   - threads: The number of values being made at once; by default all that may wait.
  ///   - make: Makes the value of an index.
  package init(
    _ indices: Range<Int>, ahead: Int, threads: Int? = nil,
    _ make: @escaping @Sendable (Int) throws -> Value
  ) {
    self.indices = indices
    self.ahead = max(1, ahead)
    workers = Workers(count: max(1, min(threads ?? ahead, indices.count)), make)
  }

  deinit { workers.stop() }

  /// The next value; nil after the last.
  package func next() throws -> Value? {
    while coming.count < ahead, let index = indices.popFirst() {
      let promise = Promise(index: index)
      coming.append(promise)
      workers.take(promise)
    }
    return coming.isEmpty ? nil : try coming.removeFirst().value()
  }

  private final class Promise: Sendable {
    let index: Int
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let isKept = DispatchSemaphore(value: 0)

    init(index: Int) { self.index = index }

    func keep(_ value: Result<Value, any Error>) {
      result.withLock { $0 = value }
      isKept.signal()
    }

    func value() throws -> Value? {
      isKept.wait()
      return try result.withLock { $0 }?.get()
    }
  }

  private final class Workers: Sendable {
    private let make: @Sendable (Int) throws -> Value
    private let state: Mutex<(idle: [DispatchQueue], waiting: [Promise])>

    /// A serial queue has a thread whenever it has work. The pool of concurrent queues has one for
    /// each core, and computing may keep those busy.
    init(count: Int, _ make: @escaping @Sendable (Int) throws -> Value) {
      self.make = make
      state = Mutex(
        ((0..<count).map { _ in DispatchQueue(label: "zoo.read-ahead") }, []))
    }

    func take(_ promise: Promise) {
      let idle = state.withLock { state in
        state.waiting.append(promise)
        return state.idle.popLast()
      }
      guard let idle else { return }
      idle.async { [self] in
        while let promise = next(for: idle) {
          promise.keep(Result { try make(promise.index) })
        }
      }
    }

    /// The first promise to keep; the queue is idle where there is none.
    private func next(for queue: DispatchQueue) -> Promise? {
      state.withLock { state in
        guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
        state.idle.append(queue)
        return nil
      }
    }

    func stop() { state.withLock { $0.waiting = [] } }
  }
}
