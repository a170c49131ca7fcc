import ZooKit

/// What an engine makes of a program: works in order, and the slots of memory that they use.
///
/// A slot lives from the first work that uses it to the last. Only when everything is scheduled are
/// the slots placed in an ``Arena``.
final class Schedule {
  typealias Slot = Int

  /// One thing to do at a run.
  struct Work {
    let stage: PlanStage
    /// Slots that must hold their numbers now.
    let uses: [Slot]
    /// It reads and writes items wherever they lie, as parts of larger ones too.
    let takesParts: Bool
    let run: (Workspace) throws -> Void
  }

  let batch: Int
  /// Kernels divide their work among threads when they are made.
  let threads = Threads.count
  private(set) var works: [Work] = []
  /// The size of every slot in floats.
  private(set) var floats: [Int] = []
  /// Floats that kernels borrow while they run.
  private(set) var scratchFloats = 0
  /// Before works run, where a library has to be told something.
  var prepare: () -> Void = {}
  private(set) var constants: [Any] = []
  /// Slots whose memory the caller hands over at every run.
  private var borrowed: Set<Slot> = []
  /// Slots to be read after all works.
  private var lasting: Set<Slot> = []
  /// Slots that are part of a larger one, and where in each of its items.
  private var wholes: [Slot: (slot: Slot, offset: Int)] = [:]

  init(batch: Int) { self.batch = batch }

  // MARK: Slots

  func newSlot(_ floats: Int) -> Slot {
    self.floats.append(floats)
    return self.floats.count - 1
  }

  /// Memory of the caller, elsewhere at every run.
  func borrowedSlot(_ floats: Int) -> Slot {
    let slot = newSlot(floats)
    borrowed.insert(slot)
    return slot
  }

  func isBorrowed(_ slot: Slot) -> Bool { borrowed.contains(slot) }

  /// It is read after all works.
  func keep(_ slot: Slot) { lasting.insert(slot) }

  /// Makes a slot a part of a larger one, `offset` floats after the beginning of each item.
  func place(_ slot: Slot, in whole: Slot, at offset: Int) { wholes[slot] = (whole, offset) }

  func isPart(_ slot: Slot) -> Bool { wholes[slot] != nil }

  /// The slot that a slot is part of in the end, itself where it is none, and where in there.
  func whole(of slot: Slot) -> (slot: Slot, offset: Int) {
    var found = (slot: slot, offset: 0)
    while let next = wholes[found.slot] { found = (next.slot, found.offset + next.offset) }
    return found
  }

  /// Floats from one item of the batch to the next.
  func apart(_ slot: Slot) -> Int { floats[whole(of: slot).slot] / batch }

  // MARK: Works

  /// - Parameter scratch: floats that it borrows while it runs.
  func emit(
    _ stage: PlanStage, _ uses: [Slot], scratch: Int = 0, takesParts: Bool = false,
    _ run: @escaping (Workspace) throws -> Void
  ) {
    scratchFloats = max(scratchFloats, scratch)
    works.append(Work(stage: stage, uses: uses, takesParts: takesParts, run: run))
  }

  /// Lives as long as what is made of the schedule.
  func retain(_ constant: Any) { constants.append(constant) }

  // MARK: Memory

  /// When every slot that needs memory of its own is in use, and which slots those are.
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
