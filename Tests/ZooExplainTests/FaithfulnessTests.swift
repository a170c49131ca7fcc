import TestSupport
import Testing
import ZooExplain
import ZooKit

@Suite struct FaithfulnessTests {
  /// The score of this network is the mean of the picture's left half, so the right order of pixels is
  /// known.
  @Test func rightMapsAreFaithful() throws {
    let graph = try Graph { makeInput in
      ["logits": makeInput("image", [1, 8, 8]).flatten().dense("fc", to: 1)]
    }
    var weights = Weights()
    weights["fc.weight"] = try Tensor([1, 64], (0..<64).map { $0 % 8 < 4 ? Float(1) / 32 : 0 })
    weights["fc.bias"] = try Tensor(zeros: [1])
    let subject = try NetworkSubject(
      "mean", of: "logits", .place(0), in: ExplainedNetwork(graph, weights))
    let input = try Tensor([1, 8, 8], [Float](repeating: 1, count: 64))
    let right = try Saliency().attribution(of: subject, for: input)
    let wrong = Attribution(
      try Tensor([8, 8], (0..<64).map { $0 % 8 < 4 ? Float(0) : 1 }), as: .magnitude)
    let (good, bad) = (
      try Faithfulness(of: right, subject, for: input, steps: 8),
      try Faithfulness(of: wrong, subject, for: input, steps: 8)
    )
    // The score falls to zero with half of the pixels, evenly: 1, 3/4, 1/2, 1/4, 0, …
    #expect(good.deletion.map { ($0 * 4).rounded() / 4 } == [1, 0.75, 0.5, 0.25, 0, 0, 0, 0, 0])
    #expect(abs(good.deletionArea - 0.25) < 1e-5 && abs(bad.deletionArea - 0.75) < 1e-5)
    #expect(good.deletion.count == 9 && good.insertion.count == 9)
    #expect(abs(good.insertion[8] - 1) < 1e-5)
  }
}
