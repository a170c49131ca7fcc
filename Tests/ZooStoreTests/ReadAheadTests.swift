import Glibc
import Synchronization
import Testing
import ZooKit
import ZooStore

@Suite struct ReadAheadTests {
  private func all<T>(_ queue: ReadAhead<T>) throws -> [T] {
    var values: [T] = []
    while let value = try queue.next() { values.append(value) }
    return values
  }

  @Test(arguments: [1, 2, 7]) func orderIsThatOfTheIndices(threads: Int) throws {
    let queue = ReadAhead(3..<40, ahead: 5, threads: threads) { index in
      // Later values are ready first.
      usleep(UInt32(40 - index) * 50)
      return index * index
    }
    #expect(try all(queue) == (3..<40).map { $0 * $0 })
    #expect(try queue.next() == nil)
  }

  @Test func nothingToRead() throws {
    let queue = ReadAhead(4..<4, ahead: 3) { $0 }
    #expect(try queue.next() == nil)
  }

  @Test func anErrorIsThrownInItsPlace() throws {
    let queue = ReadAhead(0..<6, ahead: 4) { index in
      guard index != 3 else { throw ZooError.corrupt("value \(index)") }
      return index
    }
    for index in 0..<3 { #expect(try queue.next() == index) }
    #expect(throws: ZooError.corrupt("value 3")) { try queue.next() }
    #expect(try all(queue) == [4, 5])
  }

  @Test func noMoreValuesWaitThanAllowed() throws {
    let made = Mutex(0)
    let queue = ReadAhead(0..<50, ahead: 3) { index in
      made.withLock { $0 += 1 }
      return index
    }
    for taken in 0..<20 {
      _ = try queue.next()
      usleep(500)
      #expect(made.withLock { $0 } <= taken + 3)
    }
  }

  @Test func threadsAreLimited() throws {
    let working = Mutex((now: 0, most: 0))
    let queue = ReadAhead(0..<24, ahead: 8, threads: 2) { index in
      working.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
      usleep(1000)
      working.withLock { $0.now -= 1 }
      return index
    }
    #expect(try all(queue).count == 24)
    #expect(working.withLock { $0.most } == 2)
  }

  /// A reader that stops leaves nothing running that was not already being made.
  @Test func aReaderMayStop() throws {
    let made = Mutex(0)
    for _ in 0..<50 {
      let queue = ReadAhead(0..<100, ahead: 20, threads: 1) { index in
        usleep(200)
        made.withLock { $0 += 1 }
        return index
      }
      _ = try queue.next()
    }
    usleep(100_000)
    #expect(made.withLock { $0 } < 50 * 20)
  }
}
