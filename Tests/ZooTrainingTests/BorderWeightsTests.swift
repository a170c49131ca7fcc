import TestSupport
import Testing
import ZooKit
import ZooTraining

/// U-Net's pixel weights, compared with scipy's distances, and losses that use them.
@Suite struct BorderWeightsTests {
  @Test(arguments: ["cells", "kinds", "one", "none"])
  func areTheReferences(name: String) throws {
    let golden = try GoldenFile("unet/borders.safetensors")
    let size = try golden.text("\(name).size").split(separator: "x").compactMap { Int($0) }
    let mask = try golden.values("\(name).mask").map { Int32($0) }
    let expected = try golden.values("\(name).weights")
    let found = try BorderWeights()(mask, width: size[1], height: size[0])
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 2e-6 * max(1, $1) })
    #expect(found.count == expected.count)
    // Two masks in one call are handled separately.
    #expect(try BorderWeights()(mask + mask, width: size[1], height: size[0]) == found + found)
  }

  @Test func countWhereCellsNearlyTouch() throws {
    // Two cells, a gap of one pixel between them, background far away.
    var mask = [Int32](repeating: 0, count: 40 * 5)
    for y in 0..<5 { for x in [2, 3, 5, 6] { mask[y * 40 + x] = 1 } }
    let weights = try BorderWeights(balances: false)(mask, width: 40, height: 5)
    #expect(abs(weights[2 * 40 + 4] - Float(1 + 10 * 0.9231163)) < 1e-5)  // d₁ + d₂ = 2
    #expect(weights[2 * 40 + 3] == 1 && weights[2 * 40 + 39] == 1)
    #expect(throws: ZooError.self) { try BorderWeights()(mask, width: 7, height: 5) }
    #expect(try BorderWeights()([], width: 7, height: 5).isEmpty)
  }

  /// A pixel with weight two counts like two pixels.
  @Test(arguments: [
    (CrossEntropy(labelSmoothing: 0.1, classWeights: [1, 2, 0.5]) as any Loss, 3),
    (BinaryCrossEntropy(positiveWeights: [3]), 1), (FocalLoss(), 1),
  ])
  func weightsAreCounts(loss: any Loss, channels: Int) throws {
    let places = 5
    func logit(_ channel: Int, _ place: Int) -> Float {
      3 * Formula.unit("logits", channel * places + place)
    }
    let classes: [Int32] = channels == 1 ? [0, 1, 1, 0, 1] : [2, 0, -1, 1, 1]
    let counts: [Float] = [1, 3, 2, 0, 1]
    let output = try Tensor(
      [1, channels, 1, places], (0..<channels).flatMap { c in (0..<places).map { logit(c, $0) } })
    let weighted = try loss(output, .weighted(classes, counts))
    let repeated = (0..<places).flatMap { Array(repeating: $0, count: Int(counts[$0])) }
    let many = try loss(
      Tensor(
        [1, channels, 1, repeated.count],
        (0..<channels).flatMap { c in repeated.map { logit(c, $0) } }),
      .classes(repeated.map { classes[$0] }))
    #expect(abs(weighted.value - many.value) < 1e-9)
    for channel in 0..<channels {
      for place in 0..<places {
        let sum = repeated.indices.filter { repeated[$0] == place }
          .reduce(Float(0)) { $0 + many.gradient.values[channel * repeated.count + $1] }
        #expect(abs(weighted.gradient.values[channel * places + place] - sum) < 1e-6)
      }
    }
    #expect(throws: ZooError.self) { try loss(output, .weighted(classes, [1])) }
  }
}
