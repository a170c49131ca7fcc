import ModelZoo
import Testing

/// The caller of a detector chooses between the two suppression rules; the detector knows only the
/// hard one.
@Suite struct SuppressionRuleTests {
  /// Always finds the same: two objects of a class that overlap by 0.8, a box of the other class at
  /// the place of the first, and one box alone.
  private struct Stack: Detector {
    static let name = "Stack"
    static let paper = "none"
    static let variants = ["stack": Stack()]
    static let candidates = [
      Detection(Box(0, 0, 10, 10), classIndex: 0, score: 0.9),
      Detection(Box(0, 0, 10, 8), classIndex: 0, score: 0.8),
      Detection(Box(20, 20, 30, 30), classIndex: 0, score: 0.3),
      Detection(Box(0, 0, 10, 10), classIndex: 1, score: 0.6),
    ]
    var input: Shape { [1, 32, 32] }
    var classes: Int { 2 }
    func features(_ image: Node) -> Node { image.relu("seen") }
    func head(_ features: Node, classes: Int) -> Node { features }

    func detect(
      in batch: PictureBatch, _ options: DetectionOptions, running network: some PartRunner
    ) throws -> [[Detection]] {
      let found = Stack.candidates.filter { $0.score > options.score }
      let kept = Suppression.greedy(
        found.map(\.box), scores: found.map(\.score), groups: found.map(\.classIndex),
        threshold: options.iou)
      return batch.sizes.map { _ in kept.prefix(options.limit).map { found[$0] } }
    }
  }

  private func found(_ rule: Suppression.Rule, _ options: DetectionOptions) throws
    -> [DetectedObject]
  {
    let variant = Variant(name: "stack", architecture: Stack())
    let model = Model(
      name: "stack",
      checkpoint: Checkpoint(
        family: Stack.name, variant: "stack", task: .detection, classes: ["a", "b"],
        input: [1, 32, 32],
        preprocessing: .init(resize: .none, channels: .grey, mean: [0], std: [1]),
        provenance: .init()),
      variant: variant, graph: try variant.graph(), weights: Weights())
    let picture = try Picture(width: 32, height: 32, channels: 1)
    return try model.detect(picture, options, suppression: rule)
  }

  @Test func hardDrops() throws {
    #expect(try found(.hard, .init(score: 0.1)).map(\.score) == [0.9, 0.6, 0.3])
  }

  /// The score becomes exp(−0.8² / 0.5) times 0.8, and classes do not affect each other.
  @Test func softLowers() throws {
    let soft = try found(.soft, .init(score: 0.1))
    #expect(soft.map(\.name) == ["a", "b", "a", "a"])
    #expect(soft.map(\.box.y1) == [10, 10, 30, 8])
    #expect(soft.prefix(3).map(\.score) == [0.9, 0.6, 0.3])
    #expect(abs(soft[3].score - 0.8 * 0.278037) < 1e-5)
  }

  /// The threshold and the limit apply to the new scores.
  @Test func softDropsWhatIsNotSureAnyMore() throws {
    #expect(try found(.soft, .init(score: 0.25)).map(\.score) == [0.9, 0.6, 0.3])
    #expect(try found(.soft, .init(score: 0.1, limit: 2)).map(\.score) == [0.9, 0.6])
    #expect(try found(.soft, .init(score: 0.95)).isEmpty)
  }
}
