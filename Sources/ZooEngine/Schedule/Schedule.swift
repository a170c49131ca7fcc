import ZooKit

/// A program scheduled by an engine: works in order, and the memory slots that they use.
///
/// A slot lives from the first work that uses it to the last. The slots are placed in an ``Arena``
/// after everything has been scheduled.
final class Schedule {
  typealias Slot = Int

  /// One operation of a run.
  struct Work {
    let stage: PlanStage
    /// The slots that it reads or writes.
    let uses: [Slot]
    /// Whether it supports items that are parts of larger ones.
    let takesParts: Bool
    let run: (Workspace) throws -> Void
  }

  let batch: Int
  /// Kernels divide their work among this number of threads when they are made.
  let threads = Schedule.share ?? Threads.count
  private(set) var works: [Work] = []
  /// The size of every slot in floats.
  private(set) var floats: [Int] = []
  /// The scratch memory of kernels, in floats.
  private(set) var scratchFloats = 0
  /// Runs before the works, for settings of a library.
  var prepare: () -> Void = {}
  private(set) var constants: [Any] = []
  /// The library's operations. They are never run themselves: each workspace has a copy, so that several
  /// can run at once.
  private(set) var operations: [Operation] = []
  /// Slots whose memory the caller provides at every run.
  private var borrowed: Set<Slot> = []
  /// Slots that are read after all works.
  private var lasting: Set<Slot> = []
  /// Slots that are part of a larger one, with their offset in each of its items.
  private var wholes: [Slot: (slot: Slot, offset: Int)] = [:]

  init(batch: Int) { self.batch = batch }

  /// The number of threads for plans that are compiled in this scope, if not all.
  @TaskLocal static var share: Int?

  // MARK: Slots

  func newSlot(_ floats: Int) -> Slot {
    self.floats.append(floats)
    return self.floats.count - 1
  }

  /// A slot in the caller's memory, which differs at every run.
  func borrowedSlot(_ floats: Int) -> Slot {
    let slot = newSlot(floats)
    borrowed.insert(slot)
    return slot
  }

  func isBorrowed(_ slot: Slot) -> Bool { borrowed.contains(slot) }

  /// Keeps a slot until after all works.
  func keep(_ slot: Slot) { lasting.insert(slot) }

  /// Makes a slot part of a larger one, `offset` floats after the start of each item.
  func place(_ slot: Slot, in whole: Slot, at offset: Int) { wholes[slot] = (whole, offset) }

  func isPart(_ slot: Slot) -> Bool { wholes[slot] != nil }

  /// The outermost slot that contains a slot, or itself, and the offset in it.
  func whole(of slot: Slot) -> (slot: Slot, offset: Int) {
    var found = (slot: slot, offset: 0)
    while let next = wholes[found.slot] { found = (next.slot, found.offset + next.offset) }
    return found
  }

  /// Floats between items of the batch.
  func apart(_ slot: Slot) -> Int { floats[whole(of: slot).slot] / batch }

  // MARK: Works

  /// - Parameter scratch: its scratch memory in floats.
  func emit(
    _ stage: PlanStage, _ uses: [Slot], scratch: Int = 0, takesParts: Bool = false,
    _ run: @escaping (Workspace) throws -> Void
  ) {
    scratchFloats = max(scratchFloats, scratch)
    works.append(Work(stage: stage, uses: uses, takesParts: takesParts, run: run))
  }

  /// Returns the index of the operation's copy in a workspace.
  func add(_ operation: Operation) -> Int {
    operations.append(operation)
    return operations.count - 1
  }

  /// Keeps an object alive as long as the schedule's results.
  func retain(_ constant: Any) { constants.append(constant) }

  // MARK: Memory

  /// The lifetime of every slot that needs memory, and those slots.
  var claims: (claims: [Arena.Claim], slots: [Slot]) {
    var lives: [Slot: (first: Int, last: Int)] = [:]
    for (time, work) in works.enumerated() {
      for slot in work.uses.map({ whole(of: $0).slot }) {
        lives[slot] = (lives[slot]?.first ?? time, time)
      }
    }
    for slot in lasting.map({ whole(of: $0).slot }) {
      lives[slot] = (lives[slot]?.first ?? 0, works.count)
    }
    let slots = lives.keys.filter { !isBorrowed($0) }.sorted()
    let claims = slots.compactMap { slot in
      lives[slot].map { Arena.Claim(count: floats[slot], first: $0.first, last: $0.last) }
    }
    return (claims, slots)
  }
}
