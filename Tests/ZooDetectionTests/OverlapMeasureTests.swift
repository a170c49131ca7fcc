import TestSupport
import Testing
import ZooDetection
import ZooKit

@Suite struct OverlapMeasureTests {
  /// Values and gradients compared with PyTorch's autograd.
  @Test(arguments: OverlapMeasure.allCases)
  func isPyTorchs(measure: OverlapMeasure) throws {
    let golden = try GoldenFile("yolo/overlaps.safetensors")
    var (values, gradients): ([Float], [Float]) = ([], [])
    for row in 0..<64 {
      let u = (0..<8).map { Double(Formula.unit("overlap", 8 * row + $0)) }
      func box(_ u: ArraySlice<Double>) -> SIMD4<Double> {
        let u = Array(u)
        let (x, y) = (20 * u[0], 20 * u[1])
        return [x, y, x + 5 + 12 * (u[2] + 1), y + 5 + 12 * (u[3] + 1)]
      }
      let (value, gradient) = measure.measure(box(u[..<4]), with: box(u[4...]))
      values.append(Float(value))
      gradients += [Float(gradient.x), Float(gradient.y), Float(gradient.z), Float(gradient.w)]
    }
    #expect(relativeError(values, try golden.values("\(measure.rawValue).value")) < 1e-6)
    #expect(relativeError(gradients, try golden.values("\(measure.rawValue).gradient")) < 1e-6)
  }

  /// The same as for float32 boxes; empty boxes give finite numbers.
  @Test(arguments: OverlapMeasure.allCases)
  func staysFinite(measure: OverlapMeasure) {
    let box = Box(3, 4, 20, 30)
    let other = Box(5, 1, 24, 20)
    let found = measure.measure([3, 4, 20, 30], with: [5, 1, 24, 20]).value
    let expected =
      switch measure {
      case .iou: box.iou(other)
      case .giou: box.giou(other)
      case .diou: box.diou(other)
      case .ciou: box.ciou(other)
      }
    #expect(abs(found - Double(expected)) < 1e-5)
    let corners: [SIMD4<Double>] = [[3, 4, 3, 4], [3, 4, 20, 4], [0, 0, 0, 0], [3, 4, 20, 30]]
    for a in corners {
      for b in corners {
        let (value, gradient) = measure.measure(a, with: b)
        #expect(value.isFinite)
        let isFinite = (0..<4).allSatisfy { gradient[$0].isFinite }
        #expect(isFinite)
      }
    }
  }

  /// Three clusters of shapes are found, whatever the order, and fit better than any single shape.
  @Test func clustersFindTheHeaps() {
    let random = Random(seed: 3)
    let heaps: [SIMD2<Float>] = [[12, 30], [100, 40], [220, 260]]
    let shapes = (0..<90).map { index -> SIMD2<Float> in
      heaps[index % 3] * (0.95 + 0.1 * random.uniform(index))
    }
    for order in [shapes, shapes.reversed()] {
      let anchors = ShapeClusters.anchors(3, of: order)
      #expect(anchors.count == 3)
      for (anchor, heap) in zip(anchors, heaps) {
        #expect(ShapeClusters.overlap(anchor, heap) > 0.95)
      }
      // The shapes of a cluster differ by up to a twentieth along both sides.
      #expect(ShapeClusters.fit(anchors, shapes) > 0.94)
    }
    #expect(ShapeClusters.anchors(5, of: [[3, 4], [3, 4], [0, 9], [.nan, 1]]) == [[3, 4]])
    #expect(ShapeClusters.anchors(3, of: []).isEmpty)
    #expect(ShapeClusters.fit([], shapes) == 0 && ShapeClusters.fit(heaps, []) == 0)
  }
}
