import Testing
import ZooConformance
import ZooKit

/// The kit detects faults: each of these families violates one requirement.
@Suite(.serialized)
struct FaultTests {
  @Test func aSoundFamilyConforms() throws { try Conformance.check(Sound.self) }

  @Test func aNameForTwoLayersIsFound() throws {
    try expect(.names, SharedName.self, "conv: the name is taken")
  }

  @Test func aNameSharedByMistakeIsFound() throws {
    try expect(.names, BorrowedName.self, "a.conv.weight is a parameter of both a.conv and a")
  }

  @Test func aNameThatChangesIsFound() throws {
    try expect(.names, Restless.self, "built a second time")
  }

  @Test func aLayerOutsideTheStagesIsFound() throws {
    try expect(.stages, Uncovered.self, "conv2, relu_1 belong to no stage")
  }

  @Test func aHeadInTheBackboneIsFound() throws {
    try expect(.head, GreedyHead.self, "outside the stage “head” and changes with the head")
  }

  @Test func aHeadThatSharesWithTheBackboneIsFound() throws {
    try expect(.head, SharingHead.self, "belongs to the head and to the backbone")
  }

  @Test func aWrongWayBackIsFound() throws {
    try expect(.gradients, WithLayer<WrongSlope>.self, "(square): the gradient of its input is")
  }

  @Test func agradientThatReplacesIsFound() throws {
    try expect(.gradients, WithLayer<Replacing>.self, "the gradient of its input is")
  }

  @Test func aGradientFromWhatNeedNotBeThereIsFound() throws {
    try expect(.gradients, WithLayer<Needless>.self, "the gradient of its input is inf")
  }

  @Test func anOutputThatIsNotFilledIsFound() throws {
    try expect(.summary, WithLayer<Unfinished>.self, "numbers unwritten")
  }

  @Test func anOutputThatOverflowsIsFound() throws {
    try expect(.summary, WithLayer<Overflowing>.self, "writes beyond the end of an array")
  }

  @Test func aParameterWithoutUseIsFound() throws {
    try expect(.summary, WithLayer<Idle>.self, "is counted in the summary and makes no difference")
  }

  @Test func pictureThatSeesItsNeighbourIsFound() throws {
    try expect(.forward, WithLayer<Gossiping>.self, "depends on the others in its batch")
  }

  @Test func numbersThatAreNoneAreFound() throws {
    try expect(.forward, WithLayer<Exploding>.self, "is not finite")
  }

  @Test func aFrozenLayerThatMovesIsFound() throws {
    try expect(.freezing, WithLayer<Drifting>.self, "moved while stem was frozen")
  }

  @Test func aNetworkThatCannotLearnIsFound() throws {
    try expect(.learning, WithLayer<Forgetting>.self, "does not learn 8 pictures by heart")
  }

  @Test func wrongOutputsAreFound() throws {
    try expect(.shapes, Shapeless.self, "expected 10")
  }

  @Test func aNameThatNoFileTakesIsFound() throws {
    try expect(.names, Slashed.self, "“stem/conv.weight” cannot be the name of a tensor")
  }

  /// One message lists all findings.
  @Test func whatIsWrongIsSaidAtOnce() throws {
    #expect {
      try Conformance.check(Uncovered.self)
    } throws: { error in
      let text = "\(error)"
      return text.hasPrefix("Uncovered does not conform:\n  stages: uncovered: conv2")
    }
  }
}

// MARK: Families

private protocol Small: Architecture {}

extension Small {
  static var paper: String { "none" }
  var input: Shape { [3, 16, 16] }
  var classes: Int { 10 }

  func stem(_ image: Node) -> Node {
    image.stage("stem") {
      $0.conv("conv", to: 8, kernel: 3, stride: 2, padding: 1).batchNorm("norm").relu()
    }
  }

  func head(_ features: Node, classes: Int) -> Node {
    features.globalAveragePool("pool").flatten().dense("fc", to: classes)
  }
}

private struct Sound: Small {
  static let name = "Sound"
  static let variants = ["sound": Sound()]
  func features(_ image: Node) -> Node {
    stem(image).stage("body") { $0.conv("conv2", to: 12, kernel: 3, padding: 1).relu() }
  }
}

private struct SharedName: Small {
  static let name = "SharedName"
  static let variants = ["sharedname": SharedName()]
  func features(_ image: Node) -> Node {
    stem(image).stage("body") { $0.conv("conv", to: 8, kernel: 3, padding: 1) }
  }
}

/// Colliding names: a layer's own parameter name equals another layer's path.
private struct BorrowedName: Small {
  static let name = "BorrowedName"
  static let variants = ["borrowedname": BorrowedName()]
  func features(_ image: Node) -> Node {
    image.stage("stem") {
      $0.scope("a") { $0.conv("conv", to: 3, kernel: 3, padding: 1, bias: false) }
        .callLayer(Renamed(), "a")
    }
  }
}

private struct Renamed: Layer {
  let inner = Convolution(outputs: 3, window: Window(3, padding: 1), bias: false)
  var kind: String { "renamed" }
  func output(_ inputs: [Shape]) throws -> Shape { try inner.output(inputs) }
  func parameters(_ inputs: [Shape]) -> [Parameter] {
    inner.parameters(inputs).map {
      Parameter("conv.\($0.name)", $0.shape, $0.role, fanIn: $0.fanIn)
    }
  }
  func forward(_ pass: Pass) throws { try inner.forward(pass) }
  func backward(_ pass: Pass, _ gradients: Gradients) throws {
    try inner.backward(pass, gradients)
  }
}

private struct Restless: Small {
  static let name = "Restless"
  static let variants = ["restless": Restless()]
  func features(_ image: Node) -> Node {
    let random = Int.random(in: 0...Int.max)
    return image.stage("stem") { $0.conv("conv\(random)", to: 8, kernel: 3) }
  }
}

private struct Uncovered: Small {
  static let name = "Uncovered"
  static let variants = ["uncovered": Uncovered()]
  func features(_ image: Node) -> Node {
    stem(image).conv("conv2", to: 12, kernel: 3, padding: 1).relu()
  }
}

private struct Slashed: Small {
  static let name = "Slashed"
  static let variants = ["slashed": Slashed()]
  func features(_ image: Node) -> Node {
    image.stage("stem") { $0.conv("stem/conv", to: 8, kernel: 3) }
  }
}

/// The width of the backbone's last layer depends on the classes.
private struct GreedyHead: Small {
  static let name = "GreedyHead"
  static let variants = ["greedyhead": GreedyHead()]
  func features(_ image: Node) -> Node { stem(image) }
  func outputs(_ image: Node, _ head: Head) -> KeyValuePairs<String, Node> {
    let features = features(image)
    guard let classes = head.classes else { return ["features": features] }
    let body = features.stage("body") { $0.conv("conv2", to: 2 * classes, kernel: 1).relu() }
    return ["logits": body.stage(Stage.head) { head.build(on: $0, original: self.head) }]
  }
}

private struct SharingHead: Small {
  static let name = "SharingHead"
  static let variants = ["sharinghead": SharingHead()]
  func features(_ image: Node) -> Node {
    image.shared {
      $0.stage("stem") { $0.conv("conv", to: 3, kernel: 3, padding: 1) }
    }
  }
  func head(_ features: Node, classes: Int) -> Node {
    features.shared { $0.conv("conv", to: 3, kernel: 3, padding: 1) }
      .globalAveragePool("pool").flatten().dense("fc", to: classes)
  }
}

private struct Shapeless: Small {
  static let name = "Shapeless"
  static let variants = ["shapeless": Shapeless()]
  func features(_ image: Node) -> Node { stem(image) }
  func head(_ features: Node, classes: Int) -> Node {
    features.conv("fc", to: classes, kernel: 1)
  }
}

/// A correct network with one layer of the plugin's own.
private struct WithLayer<L: Layer & Makeable>: Small {
  static var name: String { "With\(L.self)" }
  static var variants: [String: Self] { ["with": Self()] }
  func features(_ image: Node) -> Node {
    image.stage("stem") {
      $0.conv("conv", to: 8, kernel: 3, stride: 2, padding: 1).batchNorm("norm")
        .callLayer(L(), "own")
    }
  }
}

// MARK: Layers

private protocol Makeable { init() }

/// x², correct except for the one fault of each conformer.
private protocol Square: Layer, Makeable {}

extension Square {
  var kind: String { "square" }
  var needs: Needs { .inputs }
  func output(_ inputs: [Shape]) throws -> Shape { inputs[0] }
  func forward(_ pass: Pass) throws { square(pass, pass.output.count) }
  func backward(_ pass: Pass, _ gradients: Gradients) throws { add(pass, gradients, 2) }

  func square(_ pass: Pass, _ count: Int) {
    let (x, y) = (pass.inputs[0].pointer, pass.output.pointer)
    for i in 0..<count { y[i] = x[i] * x[i] }
  }

  func add(_ pass: Pass, _ gradients: Gradients, _ factor: Float) {
    guard let dx = gradients.inputs[0]?.pointer else { return }
    let (x, dy) = (pass.inputs[0].pointer, gradients.output.pointer)
    for i in 0..<pass.inputs[0].count { dx[i] += factor * x[i] * dy[i] }
  }
}

private struct WrongSlope: Square {
  func backward(_ pass: Pass, _ gradients: Gradients) throws { add(pass, gradients, 1.9) }
}

private struct Replacing: Square {
  func backward(_ pass: Pass, _ gradients: Gradients) throws {
    guard let dx = gradients.inputs[0]?.pointer else { return }
    for i in 0..<pass.inputs[0].count {
      dx[i] = 2 * pass.inputs[0].pointer[i] * gradients.output.pointer[i]
    }
  }
}

private struct Needless: Square {
  var needs: Needs { .output }
}

private struct Unfinished: Square {
  func forward(_ pass: Pass) throws { square(pass, pass.output.count - 1) }
}

private struct Overflowing: Square {
  func forward(_ pass: Pass) throws {
    square(pass, pass.output.count)
    pass.output.pointer[pass.output.count] = 1
  }
}

private struct Idle: Square {
  func parameters(_ inputs: [Shape]) -> [Parameter] { [Parameter("weight", [4], .weight)] }
}

private struct Gossiping: Square {
  func forward(_ pass: Pass) throws {
    square(pass, pass.output.count)
    let (y, size) = (pass.output.pointer, pass.output.stride)
    for item in 1..<max(1, pass.output.batch) {
      for i in 0..<size { y[i] += y[item * size + i] }
    }
  }
}

private struct Exploding: Square {
  func forward(_ pass: Pass) throws {
    for i in 0..<pass.output.count { pass.output.pointer[i] = 1 / (pass.inputs[0].pointer[i] * 0) }
  }
}

private struct Drifting: Square {
  func parameters(_ inputs: [Shape]) -> [Parameter] { [Parameter("weight", [1], .weight)] }
  func forward(_ pass: Pass) throws {
    square(pass, pass.output.count)
    pass.parameters[0].pointer[0] += 1
  }
}

private struct Forgetting: Square {
  func forward(_ pass: Pass) throws {
    for i in 0..<pass.output.count { pass.output.pointer[i] = 1 }
  }
  func backward(_ pass: Pass, _ gradients: Gradients) throws {}
}
