import TestSupport
import Testing
import YOLO
import ZooDetection
import ZooEngine
import ZooKit

@Suite struct NetworkTests {
  /// Bytes of the published files, which the networks must fill exactly; parameters that learn.
  @Test(arguments: [
    ("yolov2-tiny", 44_948_600, 11_232_057), ("yolov2", 203_934_260, 50_962_889),
    ("yolov3-tiny", 35_434_956, 8_852_366), ("yolov3", 248_007_048, 61_949_149),
    ("yolov3-spp", 252_209_544, 62_998_749), ("yolov4-tiny", 24_251_276, 6_056_606),
    ("yolov4", 257_717_640, 64_363_101),
  ])
  func fillsThePublishedFile(variant: String, bytes: Int, parameters: Int) throws {
    let graph = try Registry.linked().variant(variant).graph()
    #expect(graph.parameterCount == parameters)
    let numbers = graph.parameters.reduce(0) { $0 + $1.shape.count }
    // Those of the second version were written with the shorter counter.
    #expect([16, 20].contains(bytes - 4 * numbers))
  }

  @Test(arguments: YOLO.variants.keys.sorted())
  func isMadeOfStages(name: String) throws {
    let variant = try Registry.linked().variant(name)
    let graph = try variant.graph(head: .original(classes: 3))
    let hasNeck = !["yolov1-tiny", "yolov2-tiny"].contains(name)
    #expect(graph.stages == (hasNeck ? ["body", "neck", "head"] : ["body", "head"]))
    // Only the head depends on the classes, and all of the head does.
    let usual = Set(try variant.graph().parameters)
    let new = Set(graph.parameters.filter { !usual.contains($0) }.map(\.name))
    let heads = Set(
      graph.operations(in: Stage.head).flatMap { graph.operations[$0].parameters.map(\.name) })
    #expect(new == heads && !heads.isEmpty && heads.allSatisfy { $0.hasPrefix("head.") })
    #expect(throws: ZooError.self) { try variant.graph(head: .linear(classes: 3)) }
    #expect(try variant.graph(head: Head.none).outputs.map(\.name) == ["features"])
  }

  /// What is enlarged again must have been halved without a rest; one map alone may have any size.
  @Test func sizesThatDoNotFitAreRefused() throws {
    let variant = try Registry.linked().variant("yolov4-tiny")
    let error = #expect(throws: ZooError.self) { try variant.graph(input: [3, 1, 1]).macs }
    #expect(error?.message.contains("neck.route") ?? false)
    #expect(try variant.graph(input: [3, 320, 608]).outputs.count == 2)
  }

  @Test(arguments: [
    ("backbone.conv1.weight", [32, 3, 3, 3] as Shape),
    ("backbone.norm1.running_var", [32] as Shape),
    ("backbone.conv15.weight", [512, 512, 3, 3] as Shape),
    ("neck.conv16.weight", [256, 512, 1, 1] as Shape),
    ("head.conv18.weight", [255, 512, 1, 1] as Shape), ("head.conv21.bias", [255] as Shape),
  ])
  func numbersItsConvolutions(parameter: String, shape: Shape) throws {
    let graph = try Registry.linked().variant("yolov4-tiny").graph()
    #expect(graph.parameters.first { $0.name == parameter }?.shape == shape)
  }

  /// All but a narrow copy: every network is compared when it is narrow.
  static let published = YOLO.variants.keys.filter { $0 != "yolov4-tiny-half" }.sorted()

  /// Every variant, narrower, with numbers by formula, beside PyTorch, on every engine.
  @Test(arguments: published)
  func computesWhatPyTorchComputes(name: String) throws {
    let golden = try GoldenFile("yolo/\(name).safetensors")
    let (variant, size) = try Variant.narrow(name, golden)
    let graph = try variant.graph(head: .original(classes: 3), input: [3, size, size])
    let weights = try Formula.weights(for: graph)
    let image = try Formula.tensor("image", [2, 3, size, size])
    #expect(graph.outputs.count == golden.names(behind: "grid.").count)
    for engine in GoldenStep.engines {
      let plan = try InferencePlan(graph, weights, batch: 2, engine: engine)
      let values = try plan.run(["image": image])
      for (index, output) in graph.outputs.enumerated() {
        let found = GoldenFile.sampled(values[output.name]?.values ?? [])
        let error = relativeError(found, try golden.values("grid.\(index)"))
        #expect(error < 1e-4, "\(output.name) on \(engine.name): \(error)")
      }
    }
  }

  /// Maps by formula, read and suppressed.
  @Test(arguments: published)
  func findsWhatPyTorchFinds(name: String) throws {
    let golden = try GoldenFile("yolo/\(name).safetensors")
    let (variant, size) = try Variant.narrow(name, golden)
    let yolo = try #require(variant.architecture as? YOLO)
    let shapes = try golden.text("shapes").split(separator: ";").map { shape in
      Shape(shape.split(separator: "x").compactMap { Int($0) })
    }
    var maps: [String: Tensor] = [:]
    for (index, (shape, output)) in zip(shapes, yolo.gridNames).enumerated() {
      maps[output] = try Formula.tensor(
        "map.\(index)", shape, scale: shape.rank == 4 ? 2 : 1, offset: shape.rank == 4 ? -1 : 0)
    }
    let batch = PictureBatch(
      try Tensor(zeros: [2, 3, size, size]), sizes: [.init(size, size), .init(size, size)])
    let found = try yolo.detect(
      in: batch, .init(score: 0.25, iou: 0.45, limit: 100), running: Prepared(values: maps))
    for picture in 0..<2 {
      let expected = try golden.values("found.\(picture)")
      #expect(expected.count == 6 * found[picture].count)
      for (place, detection) in found[picture].enumerated() where 6 * place + 5 < expected.count {
        let row = Array(expected[6 * place..<6 * place + 6])
        let box = detection.box
        #expect(detection.classIndex == Int(row[5]))
        #expect(abs(detection.score - row[4]) < 1e-5)
        for (a, b) in zip([box.x0, box.y0, box.x1, box.y1], row) {
          #expect(abs(a - b) < 1e-3 * max(1, abs(b)))
        }
      }
    }
    #expect(found.contains { !$0.isEmpty })
  }

  /// Numbers that are none are not found, and break nothing.
  @Test(
    arguments: ["yolov1-tiny", "yolov2-tiny", "yolov4-tiny"], [Float.nan, .infinity, -.infinity])
  func findsNothingInNoNumbers(name: String, value: Float) throws {
    let yolo = try #require(YOLO.variants[name])
    let variant = Variant(name: name, architecture: yolo)
    let graph = try variant.graph()
    let maps = try Dictionary(
      uniqueKeysWithValues: graph.outputs.map { output in
        let shape = Shape([1] + graph.operations[output.operation].shape.sizes)
        return (output.name, try Tensor(shape) { $0.initialize(repeating: value) })
      })
    let batch = PictureBatch(try Tensor(zeros: [1, 3, 32, 32]), sizes: [.init(32, 32)])
    #expect(try yolo.detect(in: batch, .init(), running: Prepared(values: maps)) == [[]])
  }
}

extension Variant {
  /// A variant as narrow as the golden files have it, and the side of their pictures.
  static func narrow(_ name: String, _ golden: GoldenFile) throws -> (Variant, Int) {
    var yolo = try #require(YOLO.variants[name])
    yolo.narrowing = Int(try golden.number("narrowing"))
    return (Variant(name: name, architecture: yolo), Int(try golden.number("size")))
  }
}

/// A network that has been run already.
struct Prepared: PartRunner {
  let values: [String: Tensor]
  func run(_ part: Graph.Part, _ inputs: [String: Tensor]) throws -> [String: Tensor] { values }
}
