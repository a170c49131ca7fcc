import TestSupport
import Testing
import ZooDetection
import ZooKit

/// Boxes by the formula of `Tests/Golden/detection/make.py`.
func formulaBoxes(_ name: String, _ count: Int, place: Float = 64, side: Float = 32) throws
  -> [Box]
{
  let u = try Formula.tensor(name, [count, 4]).values
  return (0..<count).map { index in
    let (x, y) = (place * (u[4 * index] + 1), place * (u[4 * index + 1] + 1))
    return Box(
      x, y, x + side * (u[4 * index + 2] + 1), y + side * (u[4 * index + 3] + 1))
  }
}

extension Box {
  var corners: [Float] { [x0, y0, x1, y1] }
}

/// Boxes and related operations compared with torchvision's.
@Suite struct OperationTests {
  let golden: GoldenFile

  init() throws { golden = try GoldenFile("detection/operations.safetensors") }

  func largestDifference(_ found: [Float], _ name: String) throws -> Float {
    let expected = try golden.values(name)
    let sampled = GoldenFile.sampled(found)
    guard sampled.count == expected.count else { return .infinity }
    return zip(sampled, expected).map { abs($0 - $1) }.max() ?? .infinity
  }

  @Test func overlaps() throws {
    var (a, b) = (try formulaBoxes("overlap.a", 24), try formulaBoxes("overlap.b", 24))
    (a[0], b[0]) = (Box(0, 0, 10, 10), Box(0, 0, 10, 10))
    (a[1], b[1]) = (Box(0, 0, 10, 10), Box(10, 0, 20, 10))
    let measures: [(String, (Box, Box) -> Float)] = [
      ("iou", { $0.iou($1) }), ("giou", { $0.giou($1) }), ("diou", { $0.diou($1) }),
      ("ciou", { $0.ciou($1) }),
    ]
    for (name, measure) in measures {
      let found = a.flatMap { a in b.map { measure(a, $0) } }
      #expect(try largestDifference(found, name) < 1e-6, "\(name)")
    }
  }

  @Test func emptyBoxesOverlapNothing() {
    let (point, line) = (Box(3, 3, 3, 3), Box(0, 3, 10, 3))
    for (a, b) in [(point, point), (point, line), (line, Box(0, 0, 10, 10))] {
      #expect(a.iou(b) == 0)
      #expect(a.giou(b).isFinite && a.diou(b).isFinite && a.ciou(b).isFinite)
    }
  }

  /// With ties, and both of torchvision's ways to keep groups apart.
  @Test(arguments: [400, 1200]) func suppression(count: Int) throws {
    let boxes = try formulaBoxes("nms.\(count)", count)
    var scores = try Formula.tensor("nms.\(count).scores", [count]).values
    for index in stride(from: 0, to: count, by: 7) { scores[index] = 0.25 }
    let groups = (0..<count).map { $0 * 7 % 5 }
    let all = Suppression.greedy(boxes, scores: scores, threshold: 0.3)
    #expect(all.prefix(1024).map(Float.init) == (try golden.values("nms.\(count).all")))
    let apart = Suppression.greedy(boxes, scores: scores, groups: groups, threshold: 0.5)
    #expect(apart.prefix(1024).map(Float.init) == (try golden.values("nms.\(count).groups")))
  }

  @Test func suppressionOfNothing() {
    #expect(Suppression.greedy([], scores: [], groups: [], threshold: 0.5).isEmpty)
    let broken = [Box(0, 0, .nan, 1), Box(0, 0, 1, 1), Box(0, 0, 1, 1)]
    #expect(Suppression.greedy(broken, scores: [.nan, 1, 0.5], threshold: 0.5) == [1, 0])
  }

  @Test func theLargestComeFirst() {
    for count in [0, 1, 2, 10, 999, 5000] {
      for most in [0, 1, 7, 1000] {
        for kind in 0..<4 {
          let values = (0..<count).map { index -> Float in
            switch kind {
            case 0: Formula.unit("largest", index)
            case 1: Float(index)
            case 2: Float(index % 5)
            default: index % 3 == 0 ? .nan : index % 7 == 0 ? .infinity : -Float(index)
            }
          }
          let sorted = values.indices.filter { values[$0].isFinite }
            .sorted { (values[$1], $0) < (values[$0], $1) }
          #expect(largest(values, most) == Array(sorted.prefix(most)))
        }
      }
    }
  }

  @Test func softSuppression() {
    let boxes = [Box(0, 0, 10, 10), Box(0, 0, 10, 8), Box(20, 20, 30, 30), Box(0, 0, 10, 10)]
    let scores: [Float] = [0.9, 0.8, 0.7, 0.6]
    // The second overlaps the first by 0.8, the last by 1; the other group is not affected.
    let linear = Suppression.soft(
      boxes, scores: scores, groups: [0, 0, 0, 1], decay: .linear(threshold: 0.3))
    #expect(linear.map(\.index) == [0, 2, 3, 1])
    #expect(abs(linear[3].score - 0.16) < 1e-6 && linear[2].score == 0.6)
    let gaussian = Suppression.soft(boxes, scores: scores, decay: .gaussian(sigma: 0.5))
    #expect(gaussian.map(\.index) == [0, 2, 1, 3])
    #expect(abs(gaussian[2].score - 0.8 * 0.278037) < 1e-5)
  }

  @Test func anchors() throws {
    let pyramid = Anchors(sizes: [[32], [64], [128], [256], [512]], aspects: [0.5, 1, 2])
    let maps: [Window.Size] = [
      .init(24, 32), .init(12, 16), .init(6, 8), .init(3, 4), .init(2, 2),
    ]
    let found = maps.enumerated().flatMap { level, map in
      pyramid.boxes(level: level, map: map, picture: .init(96, 128))
    }
    #expect(found.count == 3 * (768 + 192 + 48 + 12 + 4))
    #expect(try largestDifference(found.flatMap(\.corners), "anchors") == 0)
    let odd = Anchors(sizes: [[10, 25, 63]], aspects: [0.33, 1, 3])
      .boxes(level: 0, map: .init(4, 6), picture: .init(50, 70))
    #expect(try largestDifference(odd.flatMap(\.corners), "anchors.odd") == 0)
  }

  @Test func coding() throws {
    let references = try formulaBoxes("coding.references", 64)
    let truth = try formulaBoxes("coding.truth", 64)
    var codes = try Formula.tensor("coding.codes", [64, 4]).values.map { 3 * $0 }
    codes.replaceSubrange(20..<24, with: [0, 0, 50, -50])
    for (name, coding) in [("10", BoxCoding(weights: 10, 10, 5, 5)), ("1", BoxCoding())] {
      let encoded = zip(truth, references).flatMap { box, reference in
        let code = coding.encode(box, from: reference)
        return (0..<4).map { code[$0] }
      }
      #expect(try largestDifference(encoded, "encoded.\(name)") < 1e-4, "\(name)")
      let weights = coding.weights
      let scale = SIMD4(weights.x, weights.y, weights.width, weights.height)
      let decoded = references.enumerated().flatMap { index, reference in
        let code = SIMD4(
          codes[4 * index], codes[4 * index + 1], codes[4 * index + 2], codes[4 * index + 3])
        return coding.decode(code * scale, from: reference).corners
      }
      #expect(relativeError(decoded, try golden.values("decoded.\(name)")) < 1e-6, "\(name)")
      for (box, reference) in zip(truth, references) {
        let back = coding.decode(coding.encode(box, from: reference), from: reference)
        for (a, b) in zip(back.corners, box.corners) { #expect(abs(a - b) < 1e-3) }
      }
    }
  }

  @Test func matching() throws {
    let boxes = try formulaBoxes("matching.boxes", 300)
    let truth = try formulaBoxes("matching.truth", 7)
    func numbers(_ matching: Matching) -> [Float] {
      matching.matches(of: boxes, to: truth).map { match in
        switch match {
        case .truth(let index): Float(index)
        case .background: -1
        case .between: -2
        }
      }
    }
    let rpn = numbers(Matching(high: 0.7, low: 0.3, takesBest: true))
    #expect(rpn == (try golden.values("matched.rpn")))
    // Every true box has a match, although few anchors overlap one by 0.7.
    #expect(Set(rpn).isSuperset(of: [-2, -1, 0]))
    #expect(
      numbers(Matching(high: 0.5, low: 0.5)) == (try golden.values("matched.heads")))
    #expect(
      Matching(high: 0.5, low: 0.5).matches(of: boxes, to: []).allSatisfy { $0 == .background })
  }
}
