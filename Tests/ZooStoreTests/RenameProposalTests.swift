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
      (1, "", ["layers.": "blocks."]), (1, "", ["conv1": "first"]),
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

  /// A prefix that all names share comes first, though a part of the file fits nowhere.
  @Test(arguments: ["pre", "module.pre", "module.model.net", "backbone", "layers"])
  func aSharedPrefixIsProposedFirst(_ prefix: String) throws {
    let graph = try Self.blocks(6)
    // The head has other classes, and a projection is nobody's.
    var tensors = graph.parameters.map { parameter -> (String, Shape) in
      let isHead = parameter.name.hasPrefix("head.")
      let sizes = isHead ? [9] + parameter.shape.sizes.dropFirst() : parameter.shape.sizes
      return ("\(prefix).\(parameter.name)", Shape(sizes))
    }
    tensors.append(("\(prefix).projection.weight", [7, 3]))
    let plan = try LoadPlan(from: Names(tensors), into: graph)
    let renames = try plan.proposedRenames()
    let rest = prefix.hasPrefix("module.") ? String(prefix.dropFirst(7)) : prefix
    #expect(renames == [try Rename(from: rest, to: "")])
    let better = try LoadPlan(from: Names(tensors), into: graph, renames: renames)
    #expect(better.mismatched.count == 2 && better.unexpected.count == 1)
    #expect(better.missing.isEmpty && better.matched.count == graph.parameters.count - 2)
  }

  /// Not quite all names share it.
  @Test func aCommonPrefixIsProposed() throws {
    let graph = try Self.blocks(4)
    let tensors =
      graph.parameters.map { ("encoder_q.\($0.name)", $0.shape) }
      + graph.parameters.prefix(9).map { ("encoder_k.\($0.name)", $0.shape) } + [("queue", [8, 8])]
    let plan = try LoadPlan(from: Names(tensors), into: graph)
    #expect(try plan.proposedRenames() == [Rename(from: "encoder_q", to: "")])
  }

  // MARK: Two U-Nets

  /// As Mateusz Buda's port names it: levels count from the finest.
  private static func unet() throws -> Graph {
    try Graph { input in
      func block(_ x: Node, _ scope: String, _ name: String, _ width: Int) -> Node {
        x.scope(scope) { x in
          (1...2).reduce(x) { x, index in
            x.conv("\(name)conv\(index)", to: width, kernel: 3, padding: 1, bias: false)
              .batchNorm("\(name)norm\(index)").relu()
          }
        }
      }
      var x = input("image", [3, 32, 32])
      var skips: [Node] = []
      for level in 1...3 {
        skips.append(block(x, "encoder\(level)", "enc\(level)", 4 << level))
        x = skips[level - 1].maxPool(kernel: 2)
      }
      x = block(x, "bottleneck", "bottleneck", 64)
      for level in [3, 2, 1] {
        let up = x.transposedConv("upconv\(level)", to: 4 << level, kernel: 2, stride: 2)
        x = block(up.concatenate(skips[level - 1]), "decoder\(level)", "dec\(level)", 4 << level)
      }
      return ["mask": x.conv("conv", to: 2, kernel: 1)]
    }
  }

  /// The same tensors as other ports name them, by which `up1` is the deepest.
  private static func milesial(_ name: String) -> String {
    var words = name.split(separator: ".").map(String.init)
    func level(_ word: String) -> Int { Int(word.suffix(1)) ?? 0 }
    switch words[0].prefix(3) {
    case "con": return (["outc", "conv"] + words.dropFirst()).joined(separator: ".")
    case "upc":
      return (["up\(4 - level(words[0]))", "up"] + words.dropFirst()).joined(separator: ".")
    case "enc":
      let depth = level(words[0])
      words[0] = depth == 1 ? "inc" : "down\(depth - 1).maxpool_conv.1"
    case "bot": words[0] = "down3.maxpool_conv.1"
    default: words[0] = "up\(4 - level(words[0])).conv"
    }
    let index = (level(words[1]) - 1) * 3 + (words[1].contains("norm") ? 1 : 0)
    words[1] = "double_conv.\(index)"
    return words.joined(separator: ".")
  }

  private static func plain(_ name: String) -> String {
    milesial(name).replacing("maxpool_conv.1.", with: "").replacing("double_conv.0", with: "conv1")
      .replacing("double_conv.1", with: "bn1").replacing("double_conv.3", with: "conv2")
      .replacing("double_conv.4", with: "bn2").replacing(".conv.conv", with: ".conv")
      .replacing("up.", with: "upsample.")
  }

  /// `up1` is the deepest level and no encoder's, whatever letters it shares.
  @Test(arguments: [0, 1], [false, true])
  func orderAndDepthTellUNetsApart(_ style: Int, _ isSorted: Bool) throws {
    let graph = try Self.unet()
    let named = style == 0 ? Self.milesial : Self.plain
    let truth = Dictionary(
      uniqueKeysWithValues: graph.parameters.map { (named($0.name), $0.name) })
    var tensors = graph.parameters.map { (named($0.name), $0.shape) }
    if isSorted { tensors.sort { $0.0 < $1.0 } }
    let plan = try LoadPlan(from: Names(tensors), into: graph)
    #expect(plan.matched.isEmpty)
    for item in plan.unexpected.prefix(100) {
      #expect(item.near == truth[item.source.name], "\(item.source.name)")
    }
    let renames = try plan.proposedRenames()
    let better = try LoadPlan(from: Names(tensors), into: graph, renames: renames)
    #expect(better.isComplete, "\(renames): \(better.complaint)")
    for match in better.matched {
      #expect(match.parameter.name == truth[match.source.name], "\(match.source.name)")
    }
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
