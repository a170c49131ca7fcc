import TestSupport
import Testing
import YOLO
import ZooKit

@Suite struct ReorganiseTests {
  @Test func hasTheRightGradient() throws {
    #expect(try gradientError(of: Reorganise(), inputs: [[8, 4, 6]]) < gradientTolerance)
  }

  /// The result of Darknet's `reorg` for 0…15: a map of four channels, two by two.
  @Test func isDarknets() throws {
    let run = try LayerRun(
      Reorganise(), [[4, 2, 2]], batch: 1, inputs: [(0..<16).map(Float.init)], weights: [])
    #expect(run.output == [16, 1, 1])
    #expect(try run.forward() == [0, 2, 8, 10, 1, 3, 9, 11, 4, 6, 12, 14, 5, 7, 13, 15])
  }

  @Test(arguments: [[3, 2, 2] as Shape, [4, 3, 2], [4, 2, 1], [4]])
  func refusesOddMaps(shape: Shape) {
    #expect(throws: ZooError.self) { try Reorganise().output([shape]) }
  }
}
