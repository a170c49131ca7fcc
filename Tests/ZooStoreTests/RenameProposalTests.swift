import Testing
import ZooKit
import ZooStore

/// Names of a checkpoint and nothing else.
private struct Names: TensorSource {
  var origin = "names.pth"
  var format = "names"
  var layout = KernelLayout.channelsFirst
  let tensors: [TensorInfo]

  init(_ tensors: [(String, Shape)]) {
    self.tensors = tensors.map { TensorInfo(name: $0.0, shape: $0.1, type: .float32) }
  }

  func read(_ tensor: TensorInfo, into values: UnsafeMutableBufferPointer<Float>) throws {
    throw ZooError.failure("a proposal reads no numbers")
  }
}

@Suite struct RenameProposalTests {
  private static func blocks(_ count: Int) throws -> Graph {
    try Graph { input in
      let image = input("image", [4, 6, 6])
      let maps = image.sequential("layers") { image in
        (0..<count).reduce(image) { x, _ in
          x.next { x in
            x.conv("conv1", to: 4, kernel: 3, padding: 1).relu()
              .conv("conv2", to: 4, kernel: 3, padding: 1).batchNorm("norm").add(x)
          }
        }
      }
      return ["logits": maps.globalAveragePool().flatten().dense("head", to: 5)]
    }
  }

  /// As many rules as it takes, and everything in its place afterwards.
  @Test(
    arguments: [
      (1, "encoder.", [:]), (1, "", ["layers.": "blocks."]), (1, "", ["conv1": "first"]),
      (2, "", ["conv1": "first", "norm": "bn"]),
      (3, "net.", ["layers.": "stage", "conv1": "a", "head": "classifier"]),
      // Numbers on one side only, behind those that both have.
      (2, "encoder.", ["conv2": "second3"]), (2, "net.", ["conv1": "first"]),
    ] as [(Int, String, [String: String])])
  func rulesBringEverythingToItsPlace(
    _ most: Int, _ prefix: String, _ words: [String: String]
  ) throws {
    func named(_ name: String) -> String {
      prefix + words.reduce(name) { $0.replacing($1.key, with: $1.value) }
    }
    let graph = try Self.blocks(6)
    let source = Names(graph.parameters.map { (named($0.name), $0.shape) })
    let plan = try LoadPlan(from: source, into: graph)
    #expect(!plan.isComplete)
    let renames = try plan.proposedRenames()
    #expect(renames.count <= most, "\(renames)")
    let better = try LoadPlan(from: source, into: graph, renames: renames)
    #expect(better.isComplete, "\(renames): \(better.complaint)")
  }

  /// The port is written in the same order, under names that have nothing in common.
  @Test func orderTellsWhatNamesDoNot() throws {
    let graph = try Self.blocks(1)
    let source = Names(graph.parameters.enumerated().map { ("tensor\($0)", $1.shape) })
    let renames = try LoadPlan(from: source, into: graph).proposedRenames()
    #expect(try LoadPlan(from: source, into: graph, renames: renames).isComplete, "\(renames)")
  }

  /// What fits already stays where it is, and shapes are never guessed away.
  @Test func nothingIsTakenFromItsPlace() throws {
    let graph = try Self.blocks(2)
    var tensors = graph.parameters.map { ($0.name, $0.shape) }
    let last = tensors.removeLast()
    tensors.append(("layers.1.conv3.weight", last.1))
    tensors.append(("classifier.bias", [7]))
    let plan = try LoadPlan(from: Names(tensors), into: graph)
    let renames = try plan.proposedRenames()
    let better = try LoadPlan(from: Names(tensors), into: graph, renames: renames)
    #expect(better.matched.count >= plan.matched.count)
    #expect(!renames.contains { $0.from == "classifier" })
    #expect(try LoadPlan(from: Names([]), into: graph).proposedRenames().isEmpty)
  }

  /// Ten thousand names of a stranger cost a moment.
  @Test func manyNamesCostAMoment() throws {
    let graph = try Self.blocks(40)
    let word = String(repeating: "a1.", count: 60)
    let tensors = (0..<10_000).map { ("\(word)\($0 % 97).\($0)", [4, 4, 3, 3] as Shape) }
    let plan = try LoadPlan(from: Names(tensors), into: graph)
    #expect(try plan.proposedRenames().count <= 24)
  }
}
