import Foundation
import TestSupport
import Testing
import ZooData
import ZooKit
import ZooVision

@Suite struct LoaderTests {
  static let preprocessing = Preprocessing(
    resize: .exact(height: 16, width: 16), mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225])

  /// Pictures of two classes, of several sizes, and the folder they are in.
  private func set(_ count: Int = 23, broken: Set<Int> = []) throws -> (Scratch, Dataset) {
    let scratch = try Scratch()
    for index in 0..<count {
      let name = "\(index % 2 == 0 ? "a" : "b")/\(index).png"
      if broken.contains(index) {
        try scratch.write("nothing to see", to: name)
      } else {
        try scratch.write(pattern(20 + index, 24), to: name)
      }
    }
    return (scratch, try Dataset.open(scratch.path))
  }

  private func loader(
    _ data: Dataset, _ plan: AugmentationPlan, threads: Int = 2, seed: UInt64 = 7,
    cacheLimit: Int = 0, dropsLast: Bool = false
  ) -> Loader {
    Loader(
      data.splits[0], classes: 2, preprocessing: LoaderTests.preprocessing, augmentation: plan,
      batchSize: 5, seed: seed, dropsLast: dropsLast, threads: threads, cacheLimit: cacheLimit)
  }

  private func all(_ batches: Batches) throws -> [SampleBatch] {
    var all: [SampleBatch] = []
    while let batch = try batches.next() { all.append(batch) }
    return all
  }

  private func bits(_ batches: [SampleBatch]) -> [[UInt32]] {
    batches.map { $0.input.values.map(\.bitPattern) + $0.indices.map { UInt32($0) } }
  }

  @Test func theSameBytesOnAnyNumberOfThreads() throws {
    let (scratch, data) = try set()
    defer { withExtendedLifetime(scratch) {} }
    let plan = AugmentationPlan(.standard, of: .labels)
    let one = try all(loader(data, plan, threads: 1).batches(epoch: 3))
    #expect(one.map(\.indices.count) == [5, 5, 5, 5, 3])
    #expect(Set(one.flatMap(\.indices)) == Set(0..<23))
    for threads in [2, 5] {
      #expect(try bits(all(loader(data, plan, threads: threads).batches(epoch: 3))) == bits(one))
    }
    // Nor does the cache show, nor where the epoch began.
    let cached = loader(data, plan, cacheLimit: 1 << 20)
    _ = try all(cached.batches(epoch: 0))
    #expect(cached.cachedBytes > 0)
    #expect(try bits(all(cached.batches(epoch: 3))) == bits(one))
    #expect(try bits(all(cached.batches(epoch: 3, from: 2))) == bits(Array(one[2...])))
    #expect(try bits([cached.batch(4, epoch: 3)]) == bits([one[4]]))
    #expect(throws: ZooError.self) { try cached.batch(5, epoch: 3) }
    #expect(try cached.batches(epoch: 3, from: 5).next() == nil)
    // Another epoch and another seed are others.
    #expect(try bits(all(cached.batches(epoch: 4))) != bits(one))
    #expect(try bits(all(loader(data, plan, seed: 8).batches(epoch: 3))) != bits(one))
  }

  @Test func withoutChanceTheCheckpointsOwnNumbers() throws {
    let (scratch, data) = try set()
    defer { withExtendedLifetime(scratch) {} }
    let loader = loader(data, AugmentationPlan([]), cacheLimit: 1 << 20, dropsLast: true)
    for epoch in 0..<2 {
      let batches = try all(loader.batches(epoch: epoch))
      #expect(batches.count == 4)
      for batch in batches {
        let pictures = try batch.indices.map { try data.splits[0].items[$0].sample().picture }
        #expect(try batch.input.values == LoaderTests.preprocessing.tensor(from: pictures).values)
        guard case .labels(let labels) = batch.truths else { return #expect(Bool(false)) }
        #expect(labels == batch.indices.map { $0 < 12 ? 0 : 1 })
      }
    }
    // Kept at the network's size.
    #expect(loader.cachedBytes <= 23 * 16 * 16 * 3 && loader.cachedBytes > 0)
  }

  /// Looks at another sample without choosing the size.
  private struct Halves: Augmentation {
    func applied(to sample: Sample, _ context: AugmentationContext) throws -> Sample {
      let other = try context.other(context.random.bits(0))
      #expect(other.size == context.size)
      var joined = sample
      try joined.picture.withMutablePixels { new in
        other.picture.withPixels { old in
          for index in 0..<new.count / 2 { new[index] = old[index] }
        }
      }
      return joined
    }
  }

  @Test func othersAreInTheSameWindow() throws {
    let (scratch, data) = try set()
    defer { withExtendedLifetime(scratch) {} }
    let plan = AugmentationPlan([Halves()])
    let one = try all(loader(data, plan, threads: 1).batches(epoch: 1))
    let cached = loader(data, plan, threads: 3, cacheLimit: 1 << 20)
    for _ in 0..<3 { #expect(try bits(all(cached.batches(epoch: 1))) == bits(one)) }
  }

  @Test func theCacheKeepsItsLimit() throws {
    let (scratch, data) = try set()
    defer { withExtendedLifetime(scratch) {} }
    let loader = loader(data, AugmentationPlan([]), cacheLimit: 5 * 16 * 16 * 3 + 1)
    _ = try all(loader.batches(epoch: 0))
    #expect(loader.cachedBytes == 5 * 16 * 16 * 3)
  }

  @Test func aBrokenPictureIsNamedAndLeftOut() throws {
    let (scratch, data) = try set(41, broken: [7, 20])
    defer { withExtendedLifetime(scratch) {} }
    let batches = loader(data, AugmentationPlan([])).batches(epoch: 0)
    let read = try all(batches)
    #expect(read.reduce(0) { $0 + $1.indices.count } == 39)
    #expect(Set(batches.broken.map(\.name)) == ["a/20.png", "b/7.png"])
    #expect(
      batches.broken[0].reason.hasSuffix("is not a JPEG, PNG, TIFF, WebP, BMP or GIF picture"))
    let (split, broken) = try data.splits[0].checked()
    #expect(split.count == 39 && broken.count == 2)
  }

  @Test func moreThanFivePercentAreAnErrorThatNamesThem() throws {
    let (scratch, data) = try set(40, broken: [7, 20, 30])
    defer { withExtendedLifetime(scratch) {} }
    let error = #expect(throws: ZooError.self) {
      try all(loader(data, AugmentationPlan([])).batches(epoch: 0))
    }
    #expect(
      error?.message.hasPrefix("3 of 40 pictures in all are broken, at most 5 % may be") == true)
    let checked = #expect(throws: ZooError.self) { try data.splits[0].checked() }
    #expect(checked?.message.hasSuffix("; the others: a/30.png, b/7.png") == true)
  }

  @Test func anEpochMayBeLeftEarly() throws {
    let (scratch, data) = try set()
    defer { withExtendedLifetime(scratch) {} }
    for _ in 0..<20 {
      let batches = loader(data, AugmentationPlan([]), threads: 3).batches(epoch: 0)
      #expect(try batches.next()?.indices.count == 5)
    }
  }

  @Test(arguments: [Mixing.mixup(alpha: 0.4), .cutmix(alpha: 1)])
  func mixing(_ mixing: Mixing) throws {
    let (scratch, data) = try set()
    defer { withExtendedLifetime(scratch) {} }
    let plain = try loader(data, AugmentationPlan([])).batch(0, epoch: 0)
    guard case .labels(let labels) = plain.truths else { return #expect(Bool(false)) }
    var between = 0
    for seed in 0..<8 as Range<UInt64> {
      let mixed = try Loader(
        data.splits[0], classes: 2, preprocessing: LoaderTests.preprocessing,
        augmentation: AugmentationPlan([], mixing: mixing), batchSize: 5, seed: seed,
        shuffles: false
      ).batch(0, epoch: 0)
      guard case .shares(let shares) = mixed.truths else { return #expect(Bool(false)) }
      let unmixed = try Loader(
        data.splits[0], classes: 2, preprocessing: LoaderTests.preprocessing, batchSize: 5,
        shuffles: false
      ).batch(0, epoch: 0)
      for item in 0..<5 {
        let row = shares.values[2 * item..<2 * item + 2]
        #expect(abs(row.reduce(0, +) - 1) < 1e-6)
      }
      if shares.values.contains(where: { $0 > 0.02 && $0 < 0.98 }) { between += 1 }
      // What comes in of one goes to the other: the sum stays.
      let before = unmixed.input.values.reduce(0) { $0 + Double($1) }
      let after = mixed.input.values.reduce(0) { $0 + Double($1) }
      #expect(abs(before - after) < 1e-2)
      // The middle one is joined with itself.
      let size = unmixed.input.count / 5
      let (a, b) = (
        unmixed.input.values[2 * size..<3 * size], mixed.input.values[2 * size..<3 * size]
      )
      #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 })
    }
    // All five are of class a here: a share in between needs two classes.
    #expect(labels.count == 5 && between == 0)
  }

  @Test func sharesAreThoseOfThePixels() throws {
    // Black and white: the mean of an item is its share of white.
    let scratch = try Scratch()
    for index in 0..<4 {
      try scratch.picture("black/\(index).png", 16, 16, level: 0)
      try scratch.picture("white/\(index).png", 16, 16, level: 255)
    }
    let data = try Dataset.open(scratch.path)
    let numbers = Preprocessing(resize: .none, mean: [0, 0, 0], std: [1, 1, 1])
    var seen: Set<Int> = []
    for mixing in [Mixing.mixup(alpha: 1), .cutmix(alpha: 1)] {
      for seed in 0..<20 as Range<UInt64> {
        let batch = try Loader(
          data.splits[0], classes: 2, preprocessing: numbers,
          augmentation: AugmentationPlan([], mixing: mixing), batchSize: 8, seed: seed
        ).batch(0, epoch: 0)
        guard case .shares(let shares) = batch.truths else { return #expect(Bool(false)) }
        for item in 0..<8 {
          let values = batch.input.values[item * 768..<(item + 1) * 768]
          let mean = values.reduce(0, +) / 768
          #expect(abs(mean - shares.values[2 * item + 1]) < 1e-4)
          seen.insert(Int(shares.values[2 * item + 1] * 10))
        }
      }
    }
    #expect(seen.count > 6)
  }

  @Test func masksAndBoxesComeAlong() throws {
    let scratch = try Scratch()
    for index in 0..<3 {
      try scratch.picture("images/\(index).png", 30, 20)
      try scratch.picture("masks/\(index).png", 30, 20, channels: 1, level: UInt8(index))
    }
    let data = try Dataset.open(scratch.path)
    let batch = try Loader(
      data.splits[0], classes: 3, preprocessing: LoaderTests.preprocessing, batchSize: 3,
      shuffles: false
    ).batch(0, epoch: 0)
    guard case .masks(let masks, let size) = batch.truths else { return #expect(Bool(false)) }
    #expect(size == Window.Size(16) && masks.count == 3 * 256)
    #expect(masks.prefix(256).allSatisfy { $0 == 0 } && masks.suffix(256).allSatisfy { $0 == 2 })
  }
}
