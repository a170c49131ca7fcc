import ZooKit

/// Average precision as defined by COCO (Lin et al. 2014), equal to pycocotools' numbers: 101
/// recall levels, ten overlap thresholds from .5 to .95, at most 100 boxes of a class in a picture,
/// three ranges of area, crowds.
///
/// ```swift
/// var metrics = DetectionMetrics(classes: ["red cell", "white cell"])
/// for picture in pictures { try metrics.update(found: picture.found, truth: picture.boxes) }
/// metrics.summary().mAP50
/// ```
///
/// Each picture is matched when it is added. Only a few bytes per detection are kept.
public struct DetectionMetrics: Sendable {
  /// A detected box: corners x0, y0, x1, y1, class and score.
  public struct Found: Sendable {
    public var box: SIMD4<Double>
    public var classIndex: Int
    public var score: Double

    public init(_ box: SIMD4<Double>, classIndex: Int, score: Double) {
      (self.box, self.classIndex, self.score) = (box, classIndex, score)
    }
  }

  /// A ground-truth box.
  public struct Truth: Sendable {
    public var box: SIMD4<Double>
    public var classIndex: Int
    /// The area that decides whether it is small. COCO uses the area of the object's outline; nil
    /// means the box's own area.
    public var area: Double?
    /// A region of many objects: any number of detections may match it, and they are not counted.
    public var isCrowd: Bool
    /// VOC's flag: counts neither as found nor as missed.
    public var isDifficult: Bool

    public init(
      _ box: SIMD4<Double>, classIndex: Int, area: Double? = nil, isCrowd: Bool = false,
      isDifficult: Bool = false
    ) {
      (self.box, self.classIndex, self.area) = (box, classIndex, area)
      (self.isCrowd, self.isDifficult) = (isCrowd, isDifficult)
    }
  }

  /// `numpy.linspace(.5, .95, 10)`, to the bit.
  public static let overlaps: [Double] = {
    let step: Double = (0.95 - 0.5) / 9
    return (0..<9).map { Double($0) * step + 0.5 } + [0.95]
  }()

  public let classes: [String]
  public private(set) var count = 0
  /// By class.
  private(set) var matched: [[Outcome]]
  private(set) var truthCounts: [AreaCounts]
  /// The same of each picture, for the classes that occur in it.
  private var pictures: [[(classIndex: Int, outcomes: Int, truths: AreaCounts)]] = []
  private var boxCounts: [Int]

  public init(classes: [String]) {
    self.classes = classes
    matched = Array(repeating: [], count: classes.count)
    truthCounts = Array(repeating: .zero, count: classes.count)
    boxCounts = Array(repeating: 0, count: classes.count)
  }

  /// Adds one picture, with or without detections and true boxes. Boxes of equal score rank in the
  /// order of the pictures.
  public mutating func update(found: [Found], truth: [Truth]) throws {
    for (what, box, index) in found.map({ ("a found box", $0.box, $0.classIndex) })
      + truth.map({ ("a box", $0.box, $0.classIndex) })
    {
      guard classes.indices.contains(index) else {
        throw ZooError.failure(
          "picture \(count): \(what) has class \(index); expected 0 to \(classes.count - 1)")
      }
      guard (0..<4).allSatisfy({ box[$0].isFinite }), box[0] <= box[2], box[1] <= box[3] else {
        throw ZooError.failure(
          "picture \(count): \(what) has corners \(box[0]), \(box[1]), \(box[2]), \(box[3])")
      }
    }
    if let found = found.first(where: { !$0.score.isFinite }) {
      throw ZooError.failure("picture \(count): a found box has score \(found.score)")
    }
    var own: [(classIndex: Int, outcomes: Int, truths: AreaCounts)] = []
    for index in Set(found.map(\.classIndex)).union(truth.map(\.classIndex)) {
      let there = truth.filter { $0.classIndex == index }
      let matching = Matching(truth: there)
      let outcomes = matching.outcomes(of: found.filter { $0.classIndex == index })
      matched[index] += outcomes
      own.append((index, outcomes.count, matching.countedTruths))
      truthCounts[index] &+= matching.countedTruths
      boxCounts[index] += there.count
    }
    pictures.append(own)
    count += 1
  }

  /// The metrics of repeated pictures.
  func repeated(_ counts: [Int]) -> DetectionMetrics {
    var repeated = DetectionMetrics(classes: classes)
    var starts = [Int](repeating: 0, count: classes.count)
    for (picture, count) in zip(pictures, counts) {
      for (index, outcomes, truths) in picture {
        let own = matched[index][starts[index]..<starts[index] + outcomes]
        starts[index] += outcomes
        for _ in 0..<count {
          repeated.matched[index] += own
          repeated.truthCounts[index] &+= truths
        }
      }
      repeated.count += count
    }
    return repeated
  }

  /// The number of true boxes of a class, including crowds and difficult ones.
  public func boxCount(of index: Int) -> Int { boxCounts[index] }
}

/// One number per range of area: all, small, medium, large.
typealias AreaCounts = SIMD4<Int>

/// The outcome of a detection: for each range of area, one bit per overlap threshold that says
/// whether it matched a box, and one that says whether it is ignored.
struct Outcome: Sendable {
  let score: Double
  /// The rank among its class in its picture, by falling score.
  let rank: Int
  var isMatched = SIMD4<UInt16>()
  var isIgnored = SIMD4<UInt16>()
}

/// The true boxes of one class in one picture, to be matched as in `COCOeval.evaluateImg`.
struct Matching {
  static let mostBoxes = 100
  static let areas: [ClosedRange<Double>] = [
    0...1e10, 0...1024, 1024...9216, 9216...1e10,
  ]

  let truth: [DetectionMetrics.Truth]
  /// By range of area, by box.
  let isIgnored: [[Bool]]
  var countedTruths = AreaCounts.zero

  init(truth: [DetectionMetrics.Truth]) {
    self.truth = truth
    isIgnored = Matching.areas.map { range in
      truth.map { $0.isCrowd || $0.isDifficult || !range.contains($0.area ?? $0.box.area) }
    }
    for area in 0..<4 { countedTruths[area] = isIgnored[area].count { !$0 } }
  }

  /// For each found box that counts, by falling score, the true box that it matches at the smallest
  /// overlap.
  func matches(of found: [DetectionMetrics.Found]) -> [(found: Int, truth: Int?)] {
    var taken = Array(repeating: false, count: truth.count)
    return ranked(found).map { index in
      let match = best(near(found[index]), DetectionMetrics.overlaps[0], isIgnored[0], taken)
      if let match { taken[match] = true }
      return (index, match)
    }
  }

  /// The indices of the boxes that count, by falling score.
  private func ranked(_ found: [DetectionMetrics.Found]) -> ArraySlice<Int> {
    found.indices.sorted { a, b in
      found[a].score == found[b].score ? a < b : found[a].score > found[b].score
    }.prefix(Matching.mostBoxes)
  }

  /// The true boxes that overlap; they are only a few.
  private func near(_ found: DetectionMetrics.Found) -> [(truth: Int, overlap: Double)] {
    truth.indices.compactMap { index in
      let overlap = found.box.overlap(with: truth[index].box, isCrowd: truth[index].isCrowd)
      return overlap >= DetectionMetrics.overlaps[0] ? (index, overlap) : nil
    }
  }

  func outcomes(of found: [DetectionMetrics.Found]) -> [Outcome] {
    let found = ranked(found).map { found[$0] }
    var outcomes = found.enumerated().map { Outcome(score: $1.score, rank: $0) }
    let near = found.map(near)
    for area in 0..<4 {
      let ignored = isIgnored[area]
      for (level, overlap) in DetectionMetrics.overlaps.enumerated() {
        let bit: UInt16 = 1 << UInt16(level)
        var taken = Array(repeating: false, count: truth.count)
        for index in found.indices {
          guard let match = best(near[index], overlap, ignored, taken) else {
            // An unmatched box outside of the range of area is no mistake.
            if !Matching.areas[area].contains(found[index].box.area) {
              outcomes[index].isIgnored[area] |= bit
            }
            continue
          }
          taken[match] = true
          outcomes[index].isMatched[area] |= bit
          if ignored[match] { outcomes[index].isIgnored[area] |= bit }
        }
      }
    }
    return outcomes
  }

  /// The box that overlaps most, the last on ties; an ignored box only if no other is left.
  private func best(
    _ near: [(truth: Int, overlap: Double)], _ threshold: Double, _ ignored: [Bool],
    _ taken: [Bool]
  ) -> Int? {
    for wanted in [false, true] {
      var (best, overlap) = (nil as Int?, min(threshold, 1 - 1e-10))
      for candidate in near where ignored[candidate.truth] == wanted {
        let box = truth[candidate.truth]
        if taken[candidate.truth], !box.isCrowd, !box.isDifficult { continue }
        if candidate.overlap >= overlap { (best, overlap) = (candidate.truth, candidate.overlap) }
      }
      if let best { return best }
    }
    return nil
  }
}

extension SIMD4<Double> {
  fileprivate var area: Double { (self[2] - self[0]) * (self[3] - self[1]) }

  /// Intersection over union, or over this box alone if the other is a crowd. Sides are computed
  /// from origin and size, as COCO stores boxes, because that decides the last bit.
  fileprivate func overlap(with other: SIMD4<Double>, isCrowd: Bool) -> Double {
    func side(_ axis: Int) -> Double {
      let end = Swift.min(
        self[axis] + (self[axis + 2] - self[axis]), other[axis] + (other[axis + 2] - other[axis]))
      return end - Swift.max(self[axis], other[axis])
    }
    let (width, height) = (side(0), side(1))
    guard width > 0, height > 0 else { return 0 }
    let both = width * height
    return both / (isCrowd ? area : area + other.area - both)
  }
}
