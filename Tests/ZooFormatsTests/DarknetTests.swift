import Foundation
import TestSupport
import Testing
import ZooFormats
import ZooKit
import ZooStore

@Suite struct DarknetTests {
  /// Two convolutions, one with a norm, and a dense layer.
  private func graph() throws -> Graph {
    try Graph { input in
      let x = input("image", [3, 4, 4]).conv("a", to: 2, kernel: 3, bias: false)
        .batchNorm("norm").leakyReLU("leaky", slope: 0.1).conv("b", to: 5, kernel: 1)
      return ["out": x.flatten().dense("c", to: 2)]
    }
  }

  /// Biases, scales, means, variances, kernel; biases, kernel.
  private static let order = [
    "norm.bias", "norm.weight", "norm.running_mean", "norm.running_var", "a.weight", "b.bias",
    "b.weight", "c.bias", "c.weight",
  ]

  private func bytes(
    _ header: [UInt32] = [0, 2, 5, 7, 0], count: Int? = nil
  ) throws -> [UInt8] {
    let numbers = try count ?? graph().parameters.reduce(0) { $0 + $1.shape.count }
    return header.flatMap { withUnsafeBytes(of: $0.littleEndian, Array.init) }
      + (0..<numbers).flatMap { withUnsafeBytes(of: Float($0), Array.init) }
  }

  @discardableResult
  private func with<R>(_ bytes: [UInt8], _ body: (String) throws -> R) throws -> R {
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).weights").path
    try Data(bytes).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }

  /// The counter has eight bytes since version 0.2, and four before.
  @Test(arguments: [
    ([0, 2, 5, 7, 0] as [UInt32], 20), ([0, 1, 0, 7], 16), ([1, 0, 0, 7, 0], 20),
  ])
  func readsInOrder(header: [UInt32], size: Int) throws {
    try with(bytes(header)) { path in
      let source = try ForeignCheckpoint.open(path)
      let file = try #require(source as? DarknetWeights)
      #expect(file.header == size && file.seen == 7 && file.format == "Darknet")
      let graph = try graph()
      let laid = try file.laid(over: graph)
      #expect(laid.tensors.map(\.name) == DarknetTests.order)
      let plan = try LoadPlan(from: laid, into: graph)
      let weights = try plan.execute()
      let all = DarknetTests.order.flatMap { weights[$0]?.values ?? [] }
      #expect(all == (0..<all.count).map(Float.init) && plan.coverage == 1)
    }
  }

  @Test func writesWhatItReads() throws {
    let graph = try graph()
    let weights = try Formula.weights(for: graph)
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).weights").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try DarknetWeights.write(weights, of: graph, to: path, seen: 1 << 40)
    let file = try DarknetWeights(path)
    #expect(file.seen == 1 << 40 && file.version == (0, 2, 5))
    let read = try LoadPlan(from: file.laid(over: graph), into: graph).execute()
    for (name, tensor) in weights { #expect(read[name]?.values == tensor.values) }
  }

  /// Every wrong length is an error in one line, or a start with missing layers.
  @Test func everyOtherLengthIsRefused() throws {
    let graph = try graph()
    let whole = try bytes()
    var ends: Set<Int> = []
    var offset = 20
    for (_, sizes) in [("a", [2, 2, 2, 2, 54]), ("b", [5, 10]), ("c", [2, 40])] {
      offset += 4 * sizes.reduce(0, +)
      ends.insert(offset)
    }
    #expect(offset == whole.count)
    for length in (0..<whole.count) where length % 7 == 0 || whole.count - length < 9 {
      try with(Array(whole[..<length])) { path in
        guard !ends.contains(length) else { return }
        let error = #expect(throws: ZooError.self) {
          let file = try DarknetWeights(path)
          _ = try file.laid(over: graph)
        }
        #expect(error?.kind == .corrupt && error?.message.contains("\n") == false)
        if length > 20 {
          #expect(error?.message.contains("\(length) bytes") ?? false)
          #expect(error?.message.contains("expected \(whole.count) bytes") ?? false)
        }
      }
    }
    try with(whole + [0]) { path in
      let error = #expect(throws: ZooError.self) {
        try DarknetWeights(path).laid(over: graph)
      }
      #expect(error?.message.contains("expected \(whole.count): 1 are left") ?? false)
    }
    // Truncated within the second layer's kernel.
    try with(Array(whole[..<(20 + 4 * 62 + 24)])) { path in
      let error = #expect(throws: ZooError.self) {
        try DarknetWeights(path).laid(over: graph)
      }
      #expect(error?.message.contains("ends within b.weight") ?? false)
    }
  }

  @Test func aStartIsPartial() throws {
    let graph = try graph()
    try with(Array(try bytes()[..<(20 + 4 * 62)])) { path in
      let laid = try DarknetWeights(path).laid(over: graph)
      #expect(laid.firstMissing == "b" && laid.expected == 20 + 4 * 119)
      let plan = try LoadPlan(from: laid, into: graph)
      #expect(plan.missing.map(\.parameter.name) == ["b.weight", "b.bias", "c.weight", "c.bias"])
      #expect(throws: ZooError.self) { try plan.execute() }
      #expect(try plan.execute(.partial).count == 5)
    }
  }

  /// Random headers and lengths end in an error or a file, never in a crash.
  @Test func anyBytesAreSafe() throws {
    let graph = try graph()
    let random = Random(seed: 5)
    for round in 0..<300 {
      let key = random.key(round)
      var bytes = (0..<key.below(600, 0)).map { UInt8(truncatingIfNeeded: key.bits($0 + 1)) }
      if round % 2 == 0, bytes.count >= 12 {
        for place in 0..<12 where place % 4 > 0 { bytes[place] = 0 }
      }
      try with(bytes) { path in
        do { _ = try DarknetWeights(path).laid(over: graph) } catch is ZooError {}
        do { _ = try ForeignCheckpoint.open(path) } catch is ZooError {}
      }
    }
  }

  /// Kernels are transposed from version 1000 on.
  @Test(arguments: [[1000, 0, 0, 0, 0] as [UInt32], [0, 1000, 0, 0, 0], [.max, 0, 0, 0, 0]])
  func refusesTransposedFiles(header: [UInt32]) throws {
    try with(bytes(header)) { path in
      #expect(throws: ZooError.self) { try DarknetWeights(path) }
    }
  }

  @Test func refusesNetworksThatDarknetCannotName() throws {
    let graph = try Graph { input in
      ["out": input("image", [3, 4, 4]).transposedConv("up", to: 2, kernel: 2)]
    }
    try with(bytes()) { path in
      let error = #expect(throws: ZooError.self) { try DarknetWeights(path).laid(over: graph) }
      #expect(error?.message.contains("up") ?? false)
    }
  }
}
