import Foundation
import ModelZoo
import TestSupport
import Testing
import ZooDetection
import ZooEngine
import ZooKit

/// Boxes traced back to the network's outputs, by every detector that is linked.
@Suite(.serialized)
struct TracingTests {
  static let detectors = ((try? Registry.linked())?.families ?? []).flatMap(\.miniatures)
    .filter { $0.architecture is any Detector }

  @Test(arguments: detectors)
  func gradientsAreDerivatives(variant: Variant) throws {
    let detector = try #require(variant.architecture as? any TraceableDetector)
    let graph = try variant.graph(head: .original(classes: 3))
    let weights = try Formula.weights(for: graph)
    let network = try ExplainedNetwork(graph, weights, engine: .openblas)
    let shape = network.input.shape
    let picture = try Formula.tensor("picture", Shape([1] + shape.sizes))
    let batch = PictureBatch(picture, sizes: [.init(shape.height, shape.width)])
    let runner = Parts(graph: graph, weights: weights)
    let found = try detector.detect(in: batch, .init(score: 0), running: runner)[0]
    let box = try #require(found.first)
    let origin = try detector.origin(of: box, in: batch, running: runner)
    func values(_ picture: Tensor) throws -> [String: Tensor] {
      try network.values(of: origin.outputs, for: picture, with: origin.inputs)
    }
    let outputs = try values(picture)

    // It is that box, before it is clipped.
    let score = try exp(origin.read(.score, outputs).value)
    #expect(abs(min(score, 1) - Double(box.score)) < 1e-4)
    let sides = try [BoxNumber.x0, .y0, .x1, .y1].map { try origin.read($0, outputs).value }
    let limits = [shape.width, shape.height, shape.width, shape.height].map(Double.init)
    for (index, side) in sides.enumerated() {
      let clipped = min(max(side, 0), limits[index])
      let found = [box.box.x0, box.box.y0, box.box.x1, box.box.y1][index]
      let own = min(max(Double(found), 0), limits[index])
      #expect(abs(clipped - own) < 0.01, "\(variant.name): \(sides) for \(box)")
    }

    for number in BoxNumber.allCases {
      let reading = try origin.read(number, outputs)
      for slope in reading.slopes.prefix(6) {
        let output = try #require(outputs[slope.output])
        let step: Float = 1 / 256
        func changed(_ step: Float) throws -> Double {
          var numbers = output.values
          numbers[slope.place] += step
          var all = outputs
          all[slope.output] = try Tensor(output.shape, numbers)
          return try origin.read(number, all).value
        }
        let measured = try (changed(step) - changed(-step)) / Double(2 * step)
        #expect(
          abs(measured - slope.slope) <= 2e-3 * max(abs(measured), 1e-3 * abs(reading.value)),
          "\(variant.name): \(number) by \(slope)")
      }

      // Along the gradient at the picture, with the region held fixed.
      let gradient = try #require(
        network.gradients(
          at: ["image"], of: picture, with: origin.inputs, from: origin.outputs, rule: .plain
        ) { try origin.gradients(of: number, $0) }["image"]?.gradient.values)
      let norm = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(norm > 0, "\(variant.name): no gradient of \(number)")
      let errors = try [1.0, 0.3, 0.1, 0.03, 0.01].map { length in
        let numbers = picture.values
        func moved(_ length: Double) throws -> Double {
          let there = zip(numbers, gradient).map { $0 + Float(length / norm) * $1 }
          return try origin.read(number, values(Tensor(picture.shape, there))).value
        }
        let slope = try (moved(length) - moved(-length)) / (2 * length)
        return abs(slope - norm) / norm
      }
      #expect((errors.min() ?? 1) < 0.02, "\(variant.name): \(number) is off by \(errors)")
    }
  }
}

private struct Parts: PartRunner {
  let graph: Graph
  let weights: Weights

  func run(_ part: Graph.Part, _ inputs: [String: Tensor]) throws -> [String: Tensor] {
    let batch = inputs.first?.value.shape[0] ?? 1
    return try InferencePlan(graph.part(part), weights, batch: batch).run(inputs)
  }
}
