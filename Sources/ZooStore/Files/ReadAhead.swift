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
  private let make: @Sendable (Int) throws -> Value
  private var indices: Range<Int>
  private var coming: [Promise] = []
  private let ahead: Int
  private let slots: DispatchSemaphore
  private let queue = DispatchQueue(label: "zoo.read-ahead", attributes: .concurrent)

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
    self.make = make
    slots = DispatchSemaphore(value: max(1, threads ?? ahead))
  }

  /// The next value; nil after the last.
  package func next() throws -> Value? {
    while coming.count < ahead, let index = indices.popFirst() {
      let promise = Promise()
      queue.async { [make, slots, weak promise] in
        slots.wait()
        defer { slots.signal() }
        // The reader has stopped if nobody holds the promise.
        guard promise != nil else { return }
        let value = Result { try make(index) }
        promise?.keep(value)
      }
      coming.append(promise)
    }
    return coming.isEmpty ? nil : try coming.removeFirst().value()
  }

  private final class Promise: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let isKept = DispatchSemaphore(value: 0)

    func keep(_ value: Result<Value, any Error>) {
      result.withLock { $0 = value }
      isKept.signal()
    }

    func value() throws -> Value? {
      isKept.wait()
      return try result.withLock { $0 }?.get()
    }
  }
}
