import ZooKit

/// Average precision as COCO defines it (Lin et al. 2014), number for number what pycocotools
/// computes: 101 recall levels, ten overlaps from .5 to .95, at most 100 boxes of a class in a
/// picture, three ranges of area, crowds.
///
/// ```swift
/// var metrics = DetectionMetrics(classes: ["red cell", "white cell"])
/// for picture in pictures { try metrics.update(found: picture.found, truth: picture.boxes) }
/// metrics.summary().mAP50
/// ```
///
/// Each picture is matched when it comes; what is kept is a few bytes per box that was found.
public struct DetectionMetrics: Sendable {
  /// A box that a detector found: its corners x0, y0, x1, y1, its class, and how sure it is.
  public struct Found: Sendable {
    public var box: SIMD4<Double>
    public var classIndex: Int
    public var score: Double

    public init(_ box: SIMD4<Double>, classIndex: Int, score: Double) {
      (self.box, self.classIndex, self.score) = (box, classIndex, score)
    }
  }

  /// A box that is there.
  public struct Truth: Sendable {
    public var box: SIMD4<Double>
    public var classIndex: Int
    /// What decides whether it is small; COCO takes the area of the object's outline. The box's own
    /// where nil.
    public var area: Double?
    /// A region of many: any number of boxes may lie in it and are not counted.
    public var isCrowd: Bool
    /// VOC's flag: finding it is not counted, nor is missing it.
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
  private var boxCounts: [Int]

  public init(classes: [String]) {
    self.classes = classes
    matched = Array(repeating: [], count: classes.count)
    truthCounts = Array(repeating: .zero, count: classes.count)
    boxCounts = Array(repeating: 0, count: classes.count)
  }

  /// One picture, also where nothing was found in it or nothing is there. Boxes of equal score
  /// rank as the pictures came.
  public mutating func update(found: [Found], truth: [Truth]) throws {
    for (what, box, index) in found.map({ ("a found box", $0.box, $0.classIndex) })
      + truth.map({ ("a box", $0.box, $0.classIndex) })
    {
      guard classes.indices.contains(index) else {
        throw ZooError.failure(
          "picture \(count): \(what) has class \(index), 0 to \(classes.count - 1) was expected")
      }
      guard (0..<4).allSatisfy({ box[$0].isFinite }), box[0] <= box[2], box[1] <= box[3] else {
        throw ZooError.failure(
          "picture \(count): \(what) has corners \(box[0]), \(box[1]), \(box[2]), \(box[3])")
      }
    }
    if let found = found.first(where: { !$0.score.isFinite }) {
      throw ZooError.failure("picture \(count): a found box has score \(found.score)")
    }
    for index in Set(found.map(\.classIndex)).union(truth.map(\.classIndex)) {
      let there = truth.filter { $0.classIndex == index }
      var matching = Matching(truth: there)
      matched[index] += matching.outcomes(of: found.filter { $0.classIndex == index })
      truthCounts[index] &+= matching.countedTruths
      boxCounts[index] += there.count
    }
    count += 1
  }

  /// How many boxes the truth has of a class, crowds and difficult ones too.
  public func boxCount(of index: Int) -> Int { boxCounts[index] }
}

/// One number for each range of area: all, small, medium, large.
typealias AreaCounts = SIMD4<Int>

/// What became of a found box: for each range of area a bit per overlap, whether it met a box, and
/// whether that is not counted.
struct Outcome: Sendable {
  let score: Double
  /// Among its class in its picture, the surest first.
  let rank: Int
  var isMatched = SIMD4<UInt16>()
  var isIgnored = SIMD4<UInt16>()
}

/// The boxes of one class in one picture, assigned as `COCOeval.evaluateImg` does.
private struct Matching {
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

  mutating func outcomes(of found: [DetectionMetrics.Found]) -> [Outcome] {
    let order = found.indices.sorted { a, b in
      found[a].score == found[b].score ? a < b : found[a].score > found[b].score
    }
    let found = order.prefix(Matching.mostBoxes).map { found[$0] }
    var outcomes = found.enumerated().map { Outcome(score: $1.score, rank: $0) }
    let least = DetectionMetrics.overlaps[0]
    // Few pairs overlap at all.
    let near = found.map { found in
      truth.indices.compactMap { index in
        let overlap = found.box.overlap(with: truth[index].box, isCrowd: truth[index].isCrowd)
        return overlap >= least ? (truth: index, overlap: overlap) : nil
      }
    }
    for area in 0..<4 {
      let ignored = isIgnored[area]
      for (level, overlap) in DetectionMetrics.overlaps.enumerated() {
        let bit: UInt16 = 1 << UInt16(level)
        var taken = Array(repeating: false, count: truth.count)
        for index in found.indices {
          guard let match = best(near[index], overlap, ignored, taken) else {
            // A box of another size that met nothing is no mistake.
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

  /// The box that overlaps most, of equal ones the last; one that is not counted only where no
  /// other is left.
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

  /// Intersection over union; over this box alone where the other is a crowd. Sides are computed
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
