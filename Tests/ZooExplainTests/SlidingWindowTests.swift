import TestSupport
import Testing
import ZooEngine
import ZooExplain
import ZooKit

@Suite(.serialized)
struct SlidingWindowTests {
  static let engines = GoldenTests.engines

  /// Networks without padding whose heads are of all forms.
  private static let unpadded: [(name: String, head: @Sendable (Node) -> Node)] = [
    ("flatten", { $0.flatten().dense("fc1", to: 6).relu().dense("fc", to: 3) }),
    ("average", { $0.adaptiveAveragePool(to: 1).flatten().dense("fc", to: 3) }),
    // Four cells of 2×2, which the dense layer sees one pixel of the map apart.
    ("grid", { $0.adaptiveAveragePool(to: 2).flatten().dense("fc", to: 3) }),
    ("classes", { $0.conv("last", to: 3, kernel: 1).adaptiveAveragePool(to: 1).flatten() }),
  ]

  private func network(_ head: (Node) -> Node) throws -> Graph {
    try Graph { makeInput in
      let map = makeInput("image", [3, 20, 20]).conv("conv1", to: 5, kernel: 3).relu()
        .maxPool(kernel: 2).conv("conv2", to: 4, kernel: 2, stride: 2).batchNorm("norm").relu()
      return ["logits": head(map)]
    }
  }

  /// The answers are those for each window alone.
  @Test(arguments: unpadded.indices, engines)
  func windowsAreAnsweredAsAlone(index: Int, engine: EngineChoice) throws {
    let graph = try network(Self.unpadded[index].head)
    let network = try ExplainedNetwork(graph, Formula.weights(for: graph), engine: engine)
    let picture = try Formula.tensor("picture", [3, 33, 42])
    let sliding = try network.sliding("logits")
    #expect(sliding.step == 4 && sliding.window == 20 && sliding.padded == nil)
    let found = try sliding.answers(for: picture)
    #expect(found.values.shape == [3, 4, 6] && found.top == 0 && found.left == 1)
    for row in 0..<4 {
      for column in 0..<6 {
        let window = try picture.window(4 * row, 1 + 4 * column, 20)
        let alone = try network.value(of: "logits", for: window).values
        let together = (0..<3).map { found.values.values[($0 * 4 + row) * 6 + column] }
        let error = relativeError(together, alone)
        #expect(error < 1e-5, "\(Self.unpadded[index].name) at \(row), \(column): \(error)")
      }
    }
  }

  /// With padding, a window at the border of its maps sees its surroundings: a picture of one window
  /// has the network's answer, and far from the picture's borders moving it moves the answers.
  @Test(arguments: engines)
  func paddedNetworksMoveWithThePicture(engine: EngineChoice) throws {
    let graph = try Graph { makeInput in
      let map = makeInput("image", [3, 16, 16]).conv("conv1", to: 4, kernel: 3, padding: 1).relu()
        .maxPool(kernel: 2).conv("conv2", to: 4, kernel: 3, padding: 1).relu()
      return ["logits": map.flatten().dense("fc", to: 2)]
    }
    let network = try ExplainedNetwork(graph, Formula.weights(for: graph), engine: engine)
    let sliding = try network.sliding("logits")
    #expect(sliding.padded == "conv1" && sliding.step == 2)
    let picture = try Formula.tensor("picture", [3, 40, 40])
    let one = try picture.window(8, 8, 16).reshaped([3, 16, 16])
    let alone = try network.value(of: "logits", for: one.reshaped([1, 3, 16, 16])).values
    let single = try sliding.answers(for: one).values
    #expect(single.shape == [2, 1, 1] && relativeError(single.values, alone) < 1e-5)

    let whole = try sliding.answers(for: picture).values
    let moved = try sliding.answers(for: picture.window(4, 4, 36).reshaped([3, 36, 36])).values
    #expect(whole.shape == [2, 13, 13] && moved.shape == [2, 11, 11])
    for channel in 0..<2 {
      for row in 2..<9 {
        for column in 2..<9 {
          let first = whole.values[(channel * 13 + row + 2) * 13 + column + 2]
          let second = moved.values[(channel * 11 + row) * 11 + column]
          #expect(abs(first - second) < 1e-4 * max(1, abs(first)))
        }
      }
    }
  }

  /// The score lies at the centre of its window.
  @Test func scoresLieAtTheCentre() throws {
    let graph = try network(Self.unpadded[0].head)
    let network = try ExplainedNetwork(graph, Formula.weights(for: graph))
    let subject = try NetworkSubject("class", of: "logits", .place(1), in: network)
    let picture = try Formula.tensor("picture", [3, 33, 42])
    let answers = try subject.windows(of: picture)
    let map = try SlidingWindow().attribution(of: subject, for: picture).values
    #expect(map.shape == [33, 42] && answers.values.shape == [4, 6])
    // The centres of the first row's windows are at y 10, x 11, 15, …; a pixel's is at its half.
    let (first, second) = (answers.values.values[0], answers.values.values[1])
    #expect(abs(map.values[9 * 42 + 14] - (first + (second - first) * 0.875)) < 1e-5)
    #expect(map.values[0] == answers.values.values[0])
    #expect(map.values[33 * 42 - 1] == answers.values.values[23])
  }

  /// One window of each family's network is its prediction, or the error names the layer.
  @Test(arguments: FamilyTests.networks)
  func everyFamilySlidesOrSaysWhyNot(variant: Variant) throws {
    let graph = try variant.graph(head: .original(classes: 4))
    let network = try ExplainedNetwork(graph, Formula.weights(for: graph))
    let input = network.input.shape
    let sliding: SlidingNetwork
    do { sliding = try network.sliding("logits") } catch let error as ZooError {
      #expect(error.kind == .usage && error.message.contains("occlusion"), "\(error)")
      return
    }
    let picture = try Formula.tensor("input", input)
    let alone = try network.value(of: "logits", for: picture.reshaped(Shape([1] + input.sizes)))
    let found = try sliding.answers(for: picture).values
    #expect(relativeError(found.values, alone.values) < 1e-4, "\(variant.name)")
  }

  @Test func pictureMustHoldAWindow() throws {
    let graph = try network(Self.unpadded[0].head)
    let network = try ExplainedNetwork(graph, Formula.weights(for: graph))
    let subject = try NetworkSubject("class", of: "logits", .place(1), in: network)
    let error = #expect(throws: ZooError.self) {
      try SlidingWindow().attribution(of: subject, for: Formula.tensor("x", [3, 19, 40]))
    }
    #expect(error?.kind == .usage && error?.message.contains("40×19") == true)
    let neuron = try NetworkSubject("n", of: "conv1", .strongest(channel: 0), in: network)
    #expect(throws: ZooError.self) {
      try SlidingWindow().attribution(of: neuron, for: Formula.tensor("x", [3, 40, 40]))
    }
  }
}

extension Tensor {
  /// A square of C×H×W as a batch of one.
  fileprivate func window(_ top: Int, _ left: Int, _ side: Int) throws -> Tensor {
    let (height, width, channels) = (shape.height, shape.width, shape.channels)
    let values = values
    return try Tensor(
      [1, channels, side, side],
      (0..<channels * side).flatMap { row -> ArraySlice<Float> in
        let start = (row / side * height + top + row % side) * width + left
        return values[start..<start + side]
      })
  }
}
