import Foundation
import TestSupport
import Testing
import ZooKit
import ZooTraining

struct LossTests {
  /// A loss with an output and a target.
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let loss: any Loss
    let output: (name: String, shape: Shape)
    let target: Target

    var testDescription: String { name }

    func tensor() throws -> Tensor {
      try Formula.tensor(output.name, output.shape, scale: 3)
    }
  }

  static let vector: (String, Shape) = ("vector", [6, 5])
  static let pixels: (String, Shape) = ("pixels", [2, 3, 4, 5])
  static let mask: (String, Shape) = ("mask", [2, 1, 6, 7])

  static func classes(_ count: Int, _ number: Int, ignored: [Int] = []) -> Target {
    .classes(
      (0..<count).map { ignored.contains($0) ? -1 : Int32(($0 * 7 + $0 / 3) % number) })
  }

  static func signs(_ name: String, _ shape: Shape) throws -> Target {
    .values(try Tensor(shape, Formula.tensor(name, shape).values.map { $0 > 0 ? 1 : 0 }))
  }

  static func cases() throws -> [Case] {
    let weights = [0.5, 1, 2, 0.25, 3]
    let labels = classes(6, 5)
    let logits = try Formula.tensor("shares", [6, 5], scale: 2).values.map(Double.init)
    let shares = Target.values(
      try Tensor(
        [6, 5],
        logits.indices.map { index in
          let row = logits[index / 5 * 5..<index / 5 * 5 + 5].map { exp($0) }
          return Float(exp(logits[index]) / row.reduce(0, +))
        }))
    let several = try signs("labels", [6, 5])
    let masked = classes(40, 3, ignored: [3, 17])
    let binary = try signs("truth", [2, 1, 6, 7])
    let flags = classes(84, 2)
    let numbers = Target.values(try Formula.tensor("numbers", [6, 5], scale: 3))
    let kinds = Target.classes([0, 1, 0, 2, 1, 0])
    let sum = WeightedSum([(1, BinaryCrossEntropy()), (1, SoftDice())])
    let cases: [(String, any Loss, (String, Shape), Target)] = [
      ("cross-entropy", CrossEntropy(), vector, labels),
      ("cross-entropy smoothed", CrossEntropy(labelSmoothing: 0.1), vector, labels),
      (
        "cross-entropy weighted", CrossEntropy(labelSmoothing: 0.1, classWeights: weights),
        vector, labels
      ),
      (
        "cross-entropy shares", CrossEntropy(labelSmoothing: 0.2, classWeights: weights), vector,
        shares
      ),
      (
        "cross-entropy pixels", CrossEntropy(classWeights: Array(weights.prefix(3))), pixels,
        masked
      ),
      ("binary", BinaryCrossEntropy(), vector, several),
      ("binary weighted", BinaryCrossEntropy(positiveWeights: weights), vector, several),
      ("binary mask", BinaryCrossEntropy(), mask, flags),
      ("focal", FocalLoss(), vector, several),
      ("focal plain", FocalLoss(gamma: 1.5, alpha: nil), mask, binary),
      ("mean-squared", MeanSquaredError(), vector, numbers),
      ("smooth-l1", SmoothL1(beta: 0.7), vector, numbers),
      ("dice", SoftDice(), mask, binary),
      ("dice classes", SoftDice(), pixels, masked),
      ("dice binary", sum, mask, flags),
      ("dice cross-entropy", WeightedSum.diceCrossEntropy(channels: 3), pixels, masked),
      ("contrastive", ContrastiveLoss(margin: 4), vector, kinds),
      ("triplet", TripletLoss(), vector, kinds),
      ("triplet hardest", TripletLoss(mining: .hardest), vector, kinds),
    ]
    return cases.map { Case(name: $0.0, loss: $0.1, output: $0.2, target: $0.3) }
  }

  /// PyTorch computed in float64; the remaining difference is rounding of the gradient to float32.
  @Test(arguments: try cases()) func asInPyTorch(_ one: Case) throws {
    let golden = try GoldenFile("training/losses.safetensors")
    let found = try one.loss(one.tensor(), one.target)
    let expected = try golden.number(one.name)
    #expect(abs(found.value - expected) <= 1e-6 * max(1, abs(expected)), "\(found.value)")
    #expect(relativeError(found.gradient.values, try golden.values(one.name)) < 1e-6)
  }

  /// Compares with differences of the value along random directions, without any formula. Outputs
  /// are multiples of 2⁻¹² and directions of 2⁻⁴, so a step of 2⁻⁸ is exact in float32; Richardson
  /// extrapolation leaves its fourth power.
  @Test(arguments: try cases()) func gradientIsTheSlope(_ one: Case) throws {
    let shape = one.output.shape
    let output = try Tensor(shape, one.tensor().values.map { ($0 * 4096).rounded() / 4096 })
    let gradient = try one.loss(output, one.target).gradient.values
    for round in 0..<3 {
      let way = (0..<output.count).map {
        (Formula.unit("way \(round)", $0) * 16).rounded() / 16
      }
      func value(_ step: Float) throws -> Double {
        let moved = zip(output.values, way).map { $0 + step * $1 }
        return try one.loss(Tensor(shape, moved), one.target).value
      }
      func difference(_ step: Float) throws -> Double {
        (try value(step) - value(-step)) / Double(2 * step)
      }
      let found = (4 * (try difference(0x1p-8)) - (try difference(0x1p-7))) / 3
      let expected = zip(gradient, way).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      #expect(abs(found - expected) < 2e-5 * max(abs(expected), 0.1), "\(found) \(expected)")
    }
  }

  @Test func everyGoldenHasItsCase() throws {
    let names = try GoldenFile("training/losses.safetensors").names
    #expect(try Set(names) == Set(LossTests.cases().map(\.name)))
  }

  /// 60,000 pixels are split over threads, which must not affect the sum.
  @Test func sameOnAnyNumberOfThreads() throws {
    let shape: Shape = [2, 3, 100, 100]
    let output = try Formula.tensor("large", shape, scale: 3)
    let target = LossTests.classes(20_000, 3, ignored: [5])
    let losses: [any Loss] = [CrossEntropy(), SoftDice(), BinaryCrossEntropy(), FocalLoss()]
    let threads = Threads.count
    defer { Threads.count = threads }
    for loss in losses {
      let found = try [1, 2, 5].map { count in
        Threads.count = count
        return try loss(output, target)
      }
      #expect(Set(found.map(\.value)).count == 1)
      #expect(Set(found.map(\.gradient.values)).count == 1)
    }
  }

  @Test func extremeLogitsStayFinite() throws {
    let output = try Tensor([2, 2], [1e4, -1e4, -1e4, 1e4])
    let losses: [any Loss] = [
      CrossEntropy(labelSmoothing: 0.1), BinaryCrossEntropy(), FocalLoss(), SoftDice(),
    ]
    for loss in losses {
      for classes: [Int32] in [[0, 1], [1, 0]] {
        let found = try loss(output, .classes(classes))
        #expect(found.value.isFinite && found.gradient.values.allSatisfy(\.isFinite))
      }
    }
  }

  @Test func nothingKnownIsNothingLearned() throws {
    let unknown = Target.classes([-1, -1])
    let losses: [any Loss] = [
      CrossEntropy(), BinaryCrossEntropy(), ContrastiveLoss(), TripletLoss(),
    ]
    for loss in losses {
      let found = try loss(Tensor([2, 3], [1, 2, 3, 4, 5, 6]), unknown)
      #expect(found.value == 0 && found.gradient.values.allSatisfy { $0 == 0 })
    }
  }

  @Test func whatDoesNotFitIsSaid() throws {
    let output = try Tensor(zeros: [2, 3])
    func refused(_ loss: any Loss, _ target: Target, _ words: String) {
      let error = #expect(throws: ZooError.self) { try loss(output, target) }
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
    refused(CrossEntropy(), .classes([0, 3]), "class 3 in the data; the output has classes 0 to 2")
    refused(CrossEntropy(), .classes([0]), "1 classes for an output of 2×3")
    refused(CrossEntropy(classWeights: [1]), .classes([0, 1]), "1 weights of classes")
    refused(SmoothL1(), .values(try Tensor(zeros: [2, 2])), "targets of 2×2")
    refused(TripletLoss(), .values(output), "classes")
  }

  /// Two heads: each term's gradient goes to its output, times its weight.
  @Test func anObjectiveOfSeveralOutputs() throws {
    let objective: Objective = [
      .init("logits", CrossEntropy(), target: "class"), .init("box", SmoothL1(), weight: 0.5),
      .init("logits", BinaryCrossEntropy(), target: "labels", weight: 2),
    ]
    #expect(objective.outputs == ["logits", "box"])
    let outputs = [
      "logits": try Formula.tensor("l", [2, 3]), "box": try Formula.tensor("b", [2, 4], scale: 3),
    ]
    let targets: [String: Target] = [
      "class": .classes([2, 0]), "box": .values(try Tensor(zeros: [2, 4])),
      "labels": .values(try Tensor([2, 3], [1, 0, 1, 0, 0, 1])),
    ]
    let found = try objective(targets, scale: 0.25) { try #require(outputs[$0]) }
    let parts = try objective.terms.map {
      try $0.loss(#require(outputs[$0.output]), #require(targets[$0.target]))
    }
    #expect(found.parts == parts.map(\.value))
    #expect(found.total == parts[0].value + 0.5 * parts[1].value + 2 * parts[2].value)
    let expected = zip(parts[0].gradient.values, parts[2].gradient.values).map {
      0.25 * $0 + 0.5 * $1
    }
    #expect(relativeError(try #require(found.gradients["logits"]).values, expected) < 1e-7)
    #expect(
      found.gradients["box"]?.values == parts[1].gradient.values.map { 0.125 * $0 })

    let error = #expect(throws: ZooError.self) {
      _ = try objective(["clas": .classes([1, 1])]) { try #require(outputs[$0]) }
    }
    #expect(error?.message.contains("clas") == true)
  }

  @Test func balancedWeights() {
    #expect(CrossEntropy.balanced(counts: [10, 30, 0]) == [40 / 30, 40 / 90, 0])
  }
}
