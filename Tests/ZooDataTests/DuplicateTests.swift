import Foundation
import TestSupport
import Testing
import ZooData
import ZooKit
import ZooVision

/// Pictures that occur twice, unchanged or changed a little.
@Suite struct DuplicateTests {
  /// Blobs at random places: as different from each other as photos.
  static func blobs(_ seed: Int, _ width: Int = 120, _ height: Int = 90) throws -> Picture {
    let random = Random(seed: 5).key(seed)
    let spots = (0..<12).map { spot in
      let random = random.key(spot)
      return (
        x: Float(width) * random.uniform(0), y: Float(height) * random.uniform(1),
        radius: Float(width) * (0.05 + 0.15 * random.uniform(2)), level: random.uniform(3) * 200
      )
    }
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        var level: Float = 20
        for spot in spots {
          let (dx, dy) = (Float(x) - spot.x, Float(y) - spot.y)
          if dx * dx + dy * dy < spot.radius * spot.radius { level = max(level, spot.level) }
        }
        pixels += [UInt8(level), UInt8(level * 0.8), UInt8(level * 0.6)]
      }
    }
    return try Picture(width: width, height: height, channels: 3, pixels: pixels)
  }

  private func changed(
    _ picture: Picture, _ pixel: (_ x: Int, _ y: Int) -> (Int, Int), _ width: Int, _ height: Int
  ) throws -> Picture {
    let old = picture.pixels
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        let (fromX, fromY) = pixel(x, y)
        let start = (fromY * picture.width + fromX) * 3
        pixels += old[start..<start + 3]
      }
    }
    return try Picture(width: width, height: height, channels: 3, pixels: pixels)
  }

  @Test func changedPicturesAreRecognised() throws {
    for seed in 0..<20 {
      let picture = try Self.blobs(seed)
      let (width, height) = (picture.width, picture.height)
      let mark = try #require(Likeness(picture))
      let brighter = try Picture(
        width: width, height: height, channels: 3,
        pixels: picture.pixels.map { UInt8(min(255, 30 + Int($0) * 4 / 5)) })
      let variants = [
        picture, try picture.resized(to: .init(60, 80)), try picture.resized(to: .init(180, 240)),
        try picture.grey, brighter,
        try changed(picture, { (width - 1 - $0, $1) }, width, height),
        try changed(picture, { ($0, height - 1 - $1) }, width, height),
        try changed(picture, { (width - 1 - $1, $0) }, height, width),
        try changed(picture, { ($1, height - 1 - $0) }, height, width),
      ]
      for (index, variant) in variants.enumerated() {
        let other = try #require(Likeness(variant))
        #expect(mark.isAlike(other) && other.isAlike(mark), "\(seed), variant \(index)")
      }
    }
  }

  @Test func differentPicturesAreNot() throws {
    let marks = try (0..<150).map { Likeness(try Self.blobs($0)) }
    #expect(
      Duplicate.within(marks.enumerated().map { .init(digest: UInt64($0), likeness: $1) }) == [])
    // Blank pictures have no likeness, but may be the same.
    #expect(Likeness(try plain(40, 30, 3, 90)) == nil)
  }

  @Test func setsAreSearched() throws {
    let scratch = try Scratch()
    for seed in 0..<6 { try scratch.write(Self.blobs(seed), to: "a/\(seed).png") }
    try scratch.write(Self.blobs(2), to: "b/copy.png")
    try scratch.write(Self.blobs(4).resized(to: .init(60, 80)), to: "b/small.png")
    try scratch.write(Self.blobs(9), to: "b/other.png")
    try scratch.picture("b/blank1.png")
    try scratch.picture("b/blank2.png")
    let data = try Dataset.open(scratch.path)
    let (split, _, marks) = try data.splits[0].surveyed()
    let names = split.items.map(\.name)
    let found = Duplicate.within(marks).map {
      "\(names[$0.first]) \($0.isSame ? "=" : "~") \(names[$0.second])"
    }
    #expect(
      Set(found) == [
        "b/blank1.png = b/blank2.png", "a/2.png = b/copy.png", "a/4.png ~ b/small.png",
      ])
    let (a, b) = (marks.prefix(6), marks.dropFirst(6))
    let across = Duplicate.between(Array(a), and: Array(b))
    #expect(across.map(\.isSame).count { $0 } == 1 && across.count == 2)
    #expect(Duplicate.between(Array(a), and: Array(b), looking: false).count == 1)
    #expect(split.digests().compactMap { $0 } == marks.map(\.digest))
  }
}

/// 10,000 pictures, each of which but the first 250 looks like an earlier one.
@Suite struct ManyDuplicatesTests {
  @Test(.timeLimit(.minutes(1))) func tenThousandPictures() throws {
    let kinds = 250
    let likenesses = try (0..<kinds).map { Likeness(try DuplicateTests.blobs($0, 40, 30)) }
    let marks = (0..<10_000).map {
      PictureMark(digest: UInt64($0), likeness: likenesses[$0 % kinds])
    }
    let found = Duplicate.within(marks)
    #expect(found.map(\.second) == Array(kinds..<10_000))
    #expect(found.allSatisfy { $0.first == $0.second % kinds && !$0.isSame })
  }
}
