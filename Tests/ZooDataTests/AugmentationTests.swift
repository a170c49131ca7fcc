import TestSupport
import Testing
import ZooData
import ZooKit
import ZooVision

/// A bright rectangle on a dark ground, which the mask shows as class 1 and the box encloses:
/// whatever is done to the picture must be done to both.
private func scene(
  _ width: Int = 96, _ height: Int = 96, x: Int = 30, y: Int = 20, w: Int = 34, h: Int = 26,
  boxes: Bool
) throws -> Sample {
  var picture = try plain(width, height, 3, 20)
  var mask = try plain(width, height, 1, 0)
  try picture.withMutablePixels { pixels in
    for row in y..<y + h {
      for index in 3 * (row * width + x)..<3 * (row * width + x + w) { pixels[index] = 220 }
    }
  }
  try mask.withMutablePixels { pixels in
    for row in y..<y + h {
      for index in row * width + x..<row * width + x + w { pixels[index] = 1 }
    }
  }
  let frame = Frame(x0: Double(x), y0: Double(y), x1: Double(x + w), y1: Double(y + h))
  return Sample(
    name: "scene", picture: picture,
    truth: boxes ? .boxes([ObjectBox(frame, classIndex: 4)]) : .mask(mask))
}

private func context(_ seed: UInt64, _ side: Int = 96) -> AugmentationContext {
  AugmentationContext(random: Random(seed: seed), size: Window.Size(side))
}

/// Where the bright rectangle is; its level is 220, the ground's 20, beyond the border 114.
private func bright(_ picture: Picture) -> (frame: Frame, count: Int)? {
  var (x0, y0, x1, y1, count) = (Int.max, Int.max, -1, -1, 0)
  let pixels = picture.pixels
  for y in 0..<picture.height {
    for x in 0..<picture.width where pixels[picture.channels * (y * picture.width + x)] > 150 {
      (x0, y0, x1, y1, count) = (min(x0, x), min(y0, y), max(x1, x + 1), max(y1, y + 1), count + 1)
    }
  }
  return count == 0
    ? nil : (Frame(x0: Double(x0), y0: Double(y0), x1: Double(x1), y1: Double(y1)), count)
}

@Suite struct AugmentationTests {
  /// Those that move things, and how many pixels a box may be off.
  static let movers: [(name: String, step: any Augmentation, slack: Double)] = [
    ("flip", Flip(probability: 1), 0), ("flip down", Flip(vertically: true, probability: 1), 0),
    ("quarter turns", QuarterTurns(), 0), ("resized crop", RandomResizedCrop(scale: 0.4...1), 1.5),
    ("crop", RandomCrop(), 0), ("pad and crop", PadAndCrop(border: 12), 0),
    ("window", ScaleWindow(), 1.5),
    ("shift", RandomAffine(degrees: 0, translation: 0.2), 1.01),
    ("scale", RandomAffine(degrees: 0, scale: 0.7...1.3), 1.01),
    ("elastic", ElasticDeformation(deviation: 5), 2.5),
  ]

  @Test(arguments: movers.indices)
  func boxesFollowThePicture(_ index: Int) throws {
    let (name, step, slack) = AugmentationTests.movers[index]
    let sample = try scene(boxes: true)
    var (kept, changed) = (0, 0)
    for seed in 0..<40 as Range<UInt64> {
      let moved = try step.applied(to: sample, context(seed))
      #expect(moved.size == Window.Size(96))
      guard let seen = bright(moved.picture), let box = boxTruth(moved.truth).first else {
        continue
      }
      kept += 1
      #expect(box.classIndex == 4)
      let difference = zip(corners(box.frame), corners(seen.frame)).map { abs($0 - $1) }.max() ?? 0
      #expect(
        difference <= slack, "\(name), seed \(seed): \(corners(box.frame)) \(corners(seen.frame))")
      if moved.picture != sample.picture { changed += 1 }
    }
    #expect(kept >= 30, "\(name)")
    // Nothing is left to choose where the picture has the network's size.
    #expect(changed > 0 || name == "crop", "\(name)")
  }

  @Test func aRotatedBoxEnclosesWhatWasRotated() throws {
    let sample = try scene(boxes: true)
    for seed in 0..<40 as Range<UInt64> {
      let step = RandomAffine(degrees: 30, scale: 0.8...1.2, shear: 10, translation: 0.05)
      let moved = try step.applied(to: sample, context(seed))
      let seen = try #require(bright(moved.picture)?.frame)
      let box = try #require(boxTruth(moved.truth).first?.frame)
      #expect(box.x0 <= seen.x0 + 1 && box.y0 <= seen.y0 + 1)
      #expect(box.x1 >= seen.x1 - 1 && box.y1 >= seen.y1 - 1)
      // The bounds of the corners, no more.
      #expect(zip(corners(box), corners(seen)).allSatisfy { abs($0 - $1) <= 2 })
    }
  }

  @Test(arguments: movers.indices)
  func masksFollowThePicture(_ index: Int) throws {
    let (name, step, _) = AugmentationTests.movers[index]
    let sample = try scene(boxes: false)
    for seed in 0..<40 as Range<UInt64> {
      let moved = try step.applied(to: sample, context(seed))
      guard case .mask(let mask) = moved.truth else { return #expect(Bool(false)) }
      #expect(mask.size == moved.size)
      let (classes, pixels) = (mask.pixels, moved.picture.pixels)
      #expect(classes.allSatisfy { $0 == 0 || $0 == 1 || $0 == Truth.ignored })
      // Only along edges may a mixed pixel fall to either side.
      var wrong = 0
      for pixel in classes.indices {
        let level = Int(pixels[3 * pixel])
        switch classes[pixel] {
        case 1 where level < 120, 0 where level > 120: wrong += 1
        // Beyond the border.
        case Truth.ignored
        where !(level == 114 || level == 0 || (20...114).contains(level) || level > 113):
          wrong += 1
        default: break
        }
      }
      #expect(wrong <= 60, "\(name), seed \(seed): \(wrong) pixels")
    }
  }

  @Test func flipsAndTurnsAreExact() throws {
    var sample = try scene(40, 24, x: 3, y: 5, w: 10, h: 6, boxes: true)
    sample.picture = try pattern(40, 24)
    let flipped = try sample.flipped()
    #expect(flipped.picture.pixels[0..<3].elementsEqual(sample.picture.pixels[39 * 3..<40 * 3]))
    #expect(corners(boxTruth(flipped.truth)[0].frame) == [27, 5, 37, 11])
    #expect(try flipped.flipped().picture == sample.picture)
    let down = try sample.flipped(vertically: true)
    #expect(corners(boxTruth(down.truth)[0].frame) == [3, 13, 13, 19])
    let turned = try sample.turned(quarters: 1)
    #expect(turned.size == Window.Size(40, 24))
    // The lower left corner comes to the upper left.
    #expect(
      turned.picture.pixels[0..<3].elementsEqual(sample.picture.pixels[23 * 120..<23 * 120 + 3]))
    #expect(corners(boxTruth(turned.truth)[0].frame) == [13, 3, 19, 13])
    var round = sample
    for _ in 0..<4 { round = try round.turned(quarters: 1) }
    #expect(round.picture == sample.picture)
    #expect(boxTruth(round.truth) == boxTruth(sample.truth))
    #expect(try sample.turned(quarters: -1).picture == sample.turned(quarters: 3).picture)
    #expect(try sample.turned(quarters: 2).picture == flipped.flipped(vertically: true).picture)
  }

  @Test func placingIsTheCheckpoints() throws {
    let preprocessing = Preprocessing(
      resize: .shorterSide(64), crop: Window.Size(56), mean: [0, 0, 0], std: [1, 1, 1])
    let sample = try scene(120, 90, x: 40, y: 30, w: 40, h: 30, boxes: true)
    let placed = try sample.placed(by: preprocessing)
    #expect(try placed.picture == preprocessing.applied(to: sample.picture))
    let seen = try #require(bright(placed.picture)?.frame)
    let box = try #require(boxTruth(placed.truth).first?.frame)
    #expect(zip(corners(box), corners(seen)).allSatisfy { abs($0 - $1) <= 1 })
    let masked = try scene(120, 90, x: 40, y: 30, w: 40, h: 30, boxes: false).placed(
      by: preprocessing)
    guard case .mask(let mask) = masked.truth else { return #expect(Bool(false)) }
    #expect(mask.size == Window.Size(56) && Set(mask.pixels) == [0, 1])
  }

  @Test func resizedCropsFollowTorchvisionsRule() throws {
    let sample = try scene(200, 120, boxes: true)
    let step = RandomResizedCrop()
    var shapes: Set<Int> = []
    for seed in 0..<200 as Range<UInt64> {
      let moved = try step.applied(to: sample, context(seed, 32))
      #expect(moved.size == Window.Size(32))
      shapes.insert(moved.picture.pixels.reduce(0) { $0 &* 31 &+ Int($1) })
    }
    #expect(shapes.count > 40)
    // A picture so long that no part of it has an allowed shape: the largest one in the middle.
    let line = Sample(name: "line", picture: try pattern(400, 4), truth: .label(0))
    let cut = try RandomResizedCrop(scale: 1...1).applied(to: line, context(1, 8))
    let expected = try line.picture.cropped(to: Region(x: 197, y: 0, width: 5, height: 4))
      .resized(to: Window.Size(8))
    #expect(cut.picture == expected)
  }

  @Test func boxesThatAreCutOffGo() throws {
    let sample = try scene(boxes: true)
    func left(_ region: Region) throws -> [ObjectBox] {
      boxTruth(try sample.cropped(to: region).truth)
    }
    // A tenth of it, then half.
    #expect(try left(Region(x: 60, y: 0, width: 36, height: 96)).isEmpty)
    #expect(
      try left(Region(x: 47, y: 0, width: 49, height: 96)).map { corners($0.frame) } == [
        [0, 20, 17, 46]
      ])
    #expect(try left(Region(x: 200, y: 200, width: 10, height: 10)).isEmpty)
  }

  @Test func aMosaicHoldsFour() throws {
    let sample = try scene(boxes: true)
    let step = Mosaic(probability: 1)
    var most = 0
    for seed in 0..<30 as Range<UInt64> {
      let joined = try step.applied(
        to: sample,
        AugmentationContext(random: Random(seed: seed), size: Window.Size(160, 128)) { _ in sample }
      )
      #expect(joined.size == Window.Size(160, 128))
      let boxes = boxTruth(joined.truth)
      most = max(most, boxes.count)
      let (pixels, width) = (joined.picture.pixels, joined.size.width)
      for box in boxes {
        // Bright inside.
        let (x, y) = (
          Int((box.frame.x0 + box.frame.x1) / 2), Int((box.frame.y0 + box.frame.y1) / 2)
        )
        #expect(pixels[3 * (y * width + x)] > 150)
      }
    }
    #expect(most == 4)
    let masked = try scene(boxes: false)
    let joined = try step.applied(
      to: masked,
      AugmentationContext(random: Random(seed: 3), size: Window.Size(96)) { _ in masked })
    guard case .mask(let mask) = joined.truth else { return #expect(Bool(false)) }
    let (classes, pixels) = (mask.pixels, joined.picture.pixels)
    #expect(classes.contains(1))
    for pixel in classes.indices where classes[pixel] == 1 { #expect(pixels[3 * pixel] > 90) }
    #expect(throws: ZooError.self) {
      try step.applied(
        to: Sample(name: "x", picture: sample.picture, truth: .label(0)),
        AugmentationContext(random: Random(seed: 3), size: Window.Size(96)) { _ in sample })
    }
  }

  @Test func coloursChangeAndShapesStay() throws {
    let sample = Sample(name: "x", picture: try pattern(48, 40), truth: .label(3))
    let steps: [any Augmentation] = [
      ColourJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1), HSVJitter(),
      RandomGrey(probability: 1), RandomBlur(deviation: 0.5...2, probability: 1),
      RandomNoise(deviation: 4...9, probability: 1), Cutout(probability: 1),
    ]
    for step in steps {
      let one = try step.applied(to: sample, context(1))
      #expect(one.size == sample.size && one.picture.channels == 3)
      #expect(one.picture != sample.picture)
      #expect(try step.applied(to: sample, context(1)).picture == one.picture)
      // Grey pictures pass through the same steps.
      let grey = Sample(name: "g", picture: try sample.picture.grey, truth: .none)
      #expect(try step.applied(to: grey, context(1)).picture.channels == 1)
    }
    let noisy = try RandomNoise(deviation: 8...8, probability: 1).applied(
      to: Sample(name: "n", picture: plain(100, 100, 3, 128), truth: .none), context(2))
    let levels = noisy.picture.pixels.map { Double($0) - 128 }
    let deviation = (levels.reduce(0) { $0 + $1 * $1 } / Double(levels.count)).squareRoot()
    #expect(abs(deviation - 8) < 0.2 && abs(levels.reduce(0, +) / Double(levels.count)) < 0.2)
  }

  /// Numbers that nobody should give; none of them ends the process.
  @Test func absurdSettings() throws {
    let sample = try scene(24, 24, x: 4, y: 4, w: 9, h: 9, boxes: true)
    let steps: [any Augmentation] = [
      RandomResizedCrop(scale: 0...0), RandomResizedCrop(ratio: 0...0),
      RandomResizedCrop(scale: 5...9, ratio: 0...(.infinity)), ScaleWindow(scale: -1...0),
      RandomAffine(degrees: 1e300, shear: 90), RandomAffine(degrees: .infinity, shear: .infinity),
      RandomAffine(degrees: 0, translation: 1e30), ElasticDeformation(deviation: 1e30),
      ElasticDeformation(deviation: .nan), ElasticDeformation(grid: -4),
      ColourJitter(brightness: 1e30, contrast: 1e30, saturation: 1e30, hue: 1e30),
      HSVJitter(hue: 1e30, saturation: 1e30, value: 1e30),
      RandomBlur(deviation: 0...1e300, probability: 1),
      RandomNoise(deviation: 1e30...1e300, probability: 1),
      Cutout(area: 0...0, ratio: 0...0, probability: 1), PadAndCrop(border: -3),
      Mosaic(probability: 1, scale: -1...0),
    ]
    for step in steps {
      for seed in 0..<8 as Range<UInt64> {
        let context = AugmentationContext(random: Random(seed: seed), size: Window.Size(24)) { _ in
          sample
        }
        do {
          #expect(try step.applied(to: sample, context).size == Window.Size(24), "\(step)")
        } catch is ZooError {}
      }
    }
    #expect(try sample.picture.hueShifted(by: .nan).size == sample.size)
    #expect(try sample.picture.blurred(deviation: .nan).size == sample.size)
  }

  @Test(arguments: AugmentationPlan.Preset.allCases, ["labels", "masks", "boxes"])
  func presetsGiveTheNetworksSize(_ preset: AugmentationPlan.Preset, _ truths: String) throws {
    let preprocessing = Preprocessing(
      resize: .shorterSide(72), crop: Window.Size(64), mean: [0, 0, 0], std: [1, 1, 1])
    let presets: [String: AugmentationPresets] = [
      "labels": .labels, "masks": .masks, "boxes": .boxes,
    ]
    let plan = AugmentationPlan(preset, of: try #require(presets[truths]))
    var sample = try scene(120, 100, boxes: truths == "boxes")
    if truths == "labels" { sample.truth = .label(0) }
    for seed in 0..<10 as Range<UInt64> {
      let made = try plan.applied(to: sample, preprocessing, random: Random(seed: seed)) {
        [sample] _ in sample
      }
      #expect(made.size == Window.Size(64))
      if case .mask(let mask) = made.truth { #expect(mask.size == made.size) }
      for box in boxTruth(made.truth) {
        #expect(
          box.frame.x0 >= 0 && box.frame.y1 <= 64 && box.frame.width > 0 && box.frame.height > 0)
      }
      if preset == .none { #expect(try made.picture == preprocessing.applied(to: sample.picture)) }
    }
  }
}
