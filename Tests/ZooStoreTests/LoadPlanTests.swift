import TestSupport
import Testing
import ZooKit
import ZooStore

/// A checkpoint in memory.
private struct Memory: TensorSource {
  var origin = "memory.pth"
  var format = "memory"
  var layout = KernelLayout.channelsFirst
  var tensors: [TensorInfo] = []
  /// Nothing may be read before the plan is fine.
  var readable = true

  init(_ tensors: [(String, Shape)] = []) {
    self.tensors = tensors.map { TensorInfo(name: $0.0, shape: $0.1, type: .float32) }
  }

  init(parametersOf graph: Graph, named: (String) -> String = { $0 }) {
    self.init(graph.parameters.map { (named($0.name), $0.shape) })
  }

  func read(_ tensor: TensorInfo, into values: UnsafeMutableBufferPointer<Float>) throws {
    guard readable else { throw ZooError.failure("read too early") }
    for index in values.indices { values[index] = Formula.unit(tensor.name, index) }
  }
}

private func tiny() throws -> Graph {
  try Graph { input in
    let image = input("image", [3, 6, 4])
    let map = image.conv("conv", to: 3, kernel: 3, padding: 1).batchNorm("bn").relu()
    return ["logits": map.maxPool(kernel: 2).flatten().dropout().dense("fc", to: 18)]
  }
}

@Suite struct LoadPlanTests {
  @Test func everythingFits() throws {
    let graph = try tiny()
    let plan = try LoadPlan(from: Memory(parametersOf: graph), into: graph)
    #expect(plan.isComplete)
    #expect(plan.coverage == 1)
    #expect(plan.transposed == 0)
    let weights = try plan.execute()
    #expect(weights.names == graph.parameters.map(\.name))
    #expect(weights["bn.bias"]?.values[1] == Formula.unit("bn.bias", 1))
  }

  @Test func prefixesOfWrappersAndBatchCountersAreNoMatter() throws {
    let graph = try tiny()
    var source = Memory(parametersOf: graph) { "module.\($0)" }
    source.tensors.append(
      TensorInfo(name: "module.bn.num_batches_tracked", shape: [], type: .int64))
    #expect(try LoadPlan(from: source, into: graph).isComplete)
  }

  /// Whatever all names share goes, where everything then fits.
  @Test(arguments: [
    "model.", "backbone.", "encoder.", "net.", "layers.", "module.pre.", "module.model.net.",
    "a.b.c.d.", "conv.", "_orig_mod.module.",
  ])
  func aSharedPrefixIsDropped(_ prefix: String) throws {
    let graph = try tiny()
    var source = Memory(parametersOf: graph) { prefix + $0 }
    source.tensors.append(
      TensorInfo(name: prefix + "bn.num_batches_tracked", shape: [], type: .int64))
    let plan = try LoadPlan(from: source, into: graph)
    #expect(plan.isComplete && plan.prefix == prefix)
    #expect(try plan.execute()["fc.bias"]?.values[1] == Formula.unit(prefix + "fc.bias", 1))
    // A file that ends before the head fits too.
    source.tensors.removeAll { $0.name.hasPrefix(prefix + "fc.") }
    let features = try LoadPlan(from: source, into: graph)
    #expect(features.prefix == prefix && features.missing.count == 2 && features.matched.count == 6)
  }

  @Test func aPrefixStaysWhereNotEverythingFits() throws {
    let graph = try tiny()
    #expect(try LoadPlan(from: Memory(parametersOf: graph), into: graph).prefix.isEmpty)
    var source = Memory(parametersOf: graph) { "module.net.\($0)" }
    source.tensors.append(TensorInfo(name: "module.net.queue", shape: [9], type: .float32))
    let plan = try LoadPlan(from: source, into: graph)
    #expect(plan.prefix == "module." && plan.matched.isEmpty)
    #expect(try plan.proposedRenames() == [Rename(from: "net", to: "")])
    // A network may have a part of that name itself.
    let nested = try Graph { input in
      [
        "y": input("x", [3, 5, 5]).scope("net") {
          $0.conv("a", to: 3, kernel: 3).conv("b", to: 3, kernel: 1)
        }
      ]
    }
    #expect(try LoadPlan(from: Memory(parametersOf: nested), into: nested).prefix.isEmpty)
  }

  @Test func strictRefusesBeforeItReads() throws {
    let graph = try tiny()
    var source = Memory(parametersOf: graph)
    source.readable = false
    source.tensors.removeAll { $0.name.hasPrefix("fc.") }
    let plan = try LoadPlan(from: source, into: graph)
    #expect(plan.missing.map(\.parameter.name) == ["fc.weight", "fc.bias"])
    let error = try #require(throws: ZooError.self) { try plan.execute() }
    #expect(error.kind == .corrupt)
    #expect(error.message == "memory.pth does not fit: 2 tensors missing: fc.weight, fc.bias")
  }

  @Test func partialTakesWhatFits() throws {
    let graph = try tiny()
    var source = Memory(parametersOf: graph)
    source.tensors.removeAll { $0.name == "fc.weight" || $0.name == "bn.bias" }
    source.tensors.append(TensorInfo(name: "fc.weight", shape: [10, 18], type: .float32))
    source.tensors.append(TensorInfo(name: "bn.beta", shape: [3], type: .float32))
    source.tensors.append(TensorInfo(name: "bn.bias", shape: [3], type: .int32))
    let plan = try LoadPlan(from: source, into: graph)
    let names = try plan.execute(.partial).names
    #expect(
      names == [
        "conv.weight", "conv.bias", "bn.weight", "bn.running_mean",
        "bn.running_var", "fc.bias",
      ])
    #expect(plan.mismatched.map(\.parameter.name) == ["fc.weight", "bn.bias"])
    #expect(plan.mismatched.map(\.near) == [nil, "bn.beta"])
    #expect(plan.mismatched[0].explanation == "fc.weight (found 10×18, expected 18×18)")
    #expect(plan.mismatched[1].explanation == "bn.bias (found 3 int32, expected 3)")
    #expect(plan.unexpected.map(\.source.name) == ["bn.beta"])
    let all = graph.parameters.reduce(0) { $0 + $1.shape.count }
    #expect(plan.coverage == Double(all - 18 * 18 - 3) / Double(all))
    #expect(
      plan.json(variant: "tiny")["mismatched"]?.list?.first?.text()
        == #"{"name":"fc.weight","found":[10,18],"expected":[18,18],"near":null}"#)
    #expect(plan.json(variant: "tiny")["matched"]?.integer == 6)
    #expect(throws: ZooError.self) { try plan.execute() }
  }

  @Test func nearNamesGoByShapeAndLetters() throws {
    let graph = try tiny()
    let source = Memory([
      ("conv.kernel", [3, 3, 3, 3]), ("conv.biases", [3]), ("bn.scale", [3]),
      ("classifier.weight", [18, 18]), ("classifier.bias", [18]),
    ])
    let plan = try LoadPlan(from: source, into: graph)
    let near = Dictionary(uniqueKeysWithValues: plan.missing.map { ($0.parameter.name, $0.near) })
    #expect(near["conv.weight"] == "conv.kernel")
    #expect(near["conv.bias"] == "conv.biases")
    #expect(plan.unexpected.first { $0.source.name == "classifier.bias" }?.near == "fc.bias")
  }

  @Test func twoTensorsForOneParameterAreAnError() throws {
    let graph = try tiny()
    let renames = [try Rename(from: "head", to: "fc")]
    let source = Memory([("fc.bias", [18]), ("head.bias", [18])])
    let error = #expect(throws: ZooError.self) {
      try LoadPlan(from: source, into: graph, renames: renames)
    }
    #expect(error?.message.contains("both stand for fc.bias") == true)
  }

  @Test func channelsLastIsTurnedRoundByLineageAndNotByShape() throws {
    // Every kernel here is square: shapes say nothing.
    let graph = try tiny()
    var source = Memory(parametersOf: graph)
    source.layout = .channelsLast
    let plan = try LoadPlan(from: source, into: graph)
    #expect(plan.isComplete)
    #expect(plan.transposed == 2)
    let weights = try plan.execute()
    let conv = try #require(weights["conv.weight"]).values
    let fc = try #require(weights["fc.weight"]).values
    for o in 0..<3 {
      for i in 0..<3 {
        for h in 0..<3 {
          for w in 0..<3 {
            let there = ((h * 3 + w) * 3 + i) * 3 + o
            #expect(conv[((o * 3 + i) * 3 + h) * 3 + w] == Formula.unit("conv.weight", there))
          }
        }
      }
    }
    // The map before the dense layer is 3×3×2: our feature c·6 + h·2 + w is (h·2 + w)·3 + c there.
    for o in 0..<18 {
      for c in 0..<3 {
        for place in 0..<6 {
          let there = (place * 3 + c) * 18 + o
          #expect(fc[o * 18 + c * 6 + place] == Formula.unit("fc.weight", there))
        }
      }
    }
  }

  @Test func layoutChangesHaveAWayBack() throws {
    let order = [4, 2, 0, 1, 3]
    let cases: [(LayoutChange, Shape)] = [
      (.none, [7]), (.kernel, [2, 3, 4, 5]), (.transpose, [40, 35]), (.flattened(order), [5, 33]),
      (.reordered(order), [5]),
    ]
    for (change, there) in cases {
      let here = try #require(change.shape(from: there))
      #expect(change.shape(back: here) == there)
      let numbers = try Formula.tensor("x", there)
      let turned = try Tensor(here) { target in
        numbers.withValues { change.apply($0, there, to: target) }
      }
      let back = try Tensor(there) { target in
        turned.withValues { change.revert($0, there, to: target) }
      }
      #expect(back.values == numbers.values, "\(change)")
      #expect(change == .none || turned.values != numbers.values)
    }
  }

  @Test func depthwiseKernels() throws {
    let graph = try Graph { input in
      ["y": input("x", [4, 5, 5]).conv("wise", to: 8, kernel: 3, groups: 4, bias: false)]
    }
    var source = Memory([("wise.weight", [3, 3, 4, 2])])
    source.layout = .channelsLast
    let wise = try #require(try LoadPlan(from: source, into: graph).execute()["wise.weight"])
    #expect(wise.shape == [8, 1, 3, 3])
    #expect(wise.values[5 * 9 + 7] == Formula.unit("wise.weight", 7 * 8 + 5))
  }

  @Test func vectorsOverAFlattenedMapAreReordered() throws {
    let graph = try Graph { input in
      let map = input("x", [2, 2, 1])
      let both = map.flatten("a").batchNorm("bn").concatenate(map.flatten("b"))
      return ["y": both.relu().dense("fc", to: 3)]
    }
    let changes = try graph.channelsLastChanges()
    #expect(changes["bn.running_var"] == .reordered([0, 2, 1, 3]))
    #expect(changes["fc.weight"] == .flattened([0, 2, 1, 3, 4, 6, 5, 7]))
    #expect(changes["fc.bias"] == LayoutChange.none)
  }
}

@Suite struct RenameTests {
  @Test(arguments: [
    (
      "conv2_block*_1_bn.*", "features.denseblock1.denselayer*.norm2.*",
      "conv2_block12_1_bn.running_var", "features.denseblock1.denselayer12.norm2.running_var"
    ),
    (
      "features.denseblock*.denselayer*.norm.*.*", "features.denseblock*.denselayer*.norm*.*",
      "features.denseblock1.denselayer2.norm.1.weight",
      "features.denseblock1.denselayer2.norm1.weight"
    ),
    ("predictions", "classifier.6", "predictions.weight", "classifier.6.weight"),
    ("block*_conv1", "features.*", "block3_conv1.bias", "features.3.bias"),
    ("backbone", "", "backbone.conv1.weight", "conv1.weight"),
  ])
  func bothWays(_ from: String, _ to: String, _ there: String, _ here: String) throws {
    let rename = try Rename(from: from, to: to)
    #expect(rename.applied(to: there) == here)
    #expect(rename.inverted.applied(to: here) == there)
  }

  @Test(arguments: [
    ("conv1", "conv10.weight"), ("a.*.c", "a.b.b.c"), ("a*", "a"), ("a.*", "a"),
    ("block*_conv", "block3_conv1.bias"),
  ])
  func noMatch(_ pattern: String, _ name: String) throws {
    #expect(try Rename(from: pattern, to: pattern).applied(to: name) == nil)
  }

  @Test func starsMustBeEqual() {
    #expect(throws: ZooError.self) { try Rename(from: "a*", to: "b") }
    #expect(throws: ZooError.self) {
      try Rename(["from": "a", "to": "b", "two": "c"], in: "Catalog.json")
    }
  }
}
