import Foundation
import ModelZoo
import TestSupport
import Testing
import YOLO
import ZooFormats

/// Darknet's weights of yolov4-tiny on photos, compared with a PyTorch network built from Darknet's
/// configuration.
@Suite(.enabled(if: Fixtures.areHere, "needs the published weights and photos"))
struct YOLOTests {
  private static let name = "yolov4-tiny"

  private static let model = Result { () throws -> Model in
    let zoo = try Zoo()
    let fitting = try zoo.fit(try Fixtures.path("\(name)/\(name).weights"), as: name)
    #expect(fitting.isOfficial && fitting.plan.isComplete && fitting.plan.matched.count == 99)
    let (checkpoint, weights) = try fitting.checkpoint()
    return Model(
      name: name, checkpoint: checkpoint, variant: fitting.variant, graph: fitting.graph,
      weights: weights)
  }

  private static func model(letterboxed: Bool) throws -> Model {
    let model = try model.get()
    guard letterboxed else { return model }
    var checkpoint = model.checkpoint
    checkpoint.preprocessing.resize = .letterbox(height: 416, width: 416, level: 127)
    return Model(
      name: model.name, checkpoint: checkpoint, variant: model.variant, graph: model.graph,
      weights: model.weights)
  }

  private func reference(_ name: String) throws -> Tensor {
    try ForeignCheckpoint.open(try Fixtures.path("yolov4-tiny/yolov4-tiny_reference.safetensors"))
      .tensor(name)
  }

  private func photo(_ name: String) throws -> Picture {
    try Picture(contentsOf: try Fixtures.path("yolov4-tiny/\(name).jpg"))
  }

  /// The network's input equals the reference's to the last bit, and its output to float32
  /// accuracy.
  @Test(arguments: [("bus", "stretch"), ("zidane", "letterbox")])
  func mapsAreTheReferences(photo name: String, mode: String) throws {
    let model = try YOLOTests.model(letterboxed: mode == "letterbox")
    let image = try reference("\(name)_\(mode)_input")
    let input = try model.checkpoint.preprocessing.tensor(from: [photo(name)])
    #expect(input.values == image.values)
    for engine in GoldenStep.engines {
      let plan = try InferencePlan(model.graph, model.weights, batch: 1, engine: engine)
      let maps = try plan.run(["image": image])
      for (output, place) in [("grid32", 0), ("grid16", 1)] {
        let expected = try reference("\(name)_\(mode)_head\(place)")
        let error = relativeError(maps[output]?.values ?? [], expected.values)
        #expect(error < 2e-5, "\(output) on \(engine.name): \(error)")
      }
    }
  }

  @Test(arguments: ["bus", "zidane"], ["stretch", "letterbox"])
  func findsWhatTheReferenceFinds(photo name: String, mode: String) throws {
    let model = try YOLOTests.model(letterboxed: mode == "letterbox")
    let picture = try photo(name)
    let found = try model.detect(picture, .init(score: 0.25, iou: 0.45))
    let expected = try reference("\(name)_\(mode)_boxes_xyxy_score_class").values
    #expect(found.count == expected.count / 6)
    var left = found
    for row in 0..<expected.count / 6 {
      let expected = Array(expected[6 * row..<6 * row + 6])
      // The reference does not clip boxes.
      let box = Box(expected[0], expected[1], expected[2], expected[3])
        .clipped(to: .init(picture.height, picture.width))
      let match = left.firstIndex { object in
        let apart = [
          object.box.x0 - box.x0, object.box.y0 - box.y0, object.box.x1 - box.x1,
          object.box.y1 - box.y1,
        ]
        return object.index == Int(expected[5]) && abs(object.score - expected[4]) < 0.005
          && apart.allSatisfy { abs($0) < 1 }
      }
      #expect(match != nil, "\(expected) among \(left)")
      if let match { left.remove(at: match) }
    }
    #expect(left.isEmpty)
  }

  /// A picture of a single pixel and one of 48 million: any result, never an error.
  @Test(arguments: [(1, 1), (1, 300), (8000, 6000)], [false, true])
  func takesPicturesOfAnySize(size: (width: Int, height: Int), letterboxed: Bool) throws {
    let model = try YOLOTests.model(letterboxed: letterboxed)
    let picture = try Picture(width: size.width, height: size.height, channels: 3)
    let found = try model.detect(picture, .init(score: 0.01))
    let areWithin = found.allSatisfy { object in
      object.box.isFinite && object.score.isFinite && object.box.x1 <= Float(size.width)
        && object.box.y1 <= Float(size.height) && object.box.x0 >= 0 && object.box.y0 >= 0
    }
    #expect(areWithin)
  }

  /// A byte less, a byte more, other classes, another network: one line with the sizes.
  @Test func anotherSizeIsRefused() throws {
    let zoo = try Zoo()
    let path = try Fixtures.path("yolov4-tiny/yolov4-tiny.weights")
    func message(_ bytes: Data? = nil, as name: String, classes: [String]? = nil) throws -> String {
      let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).weights").path
      defer { try? FileManager.default.removeItem(atPath: file) }
      if let bytes { try bytes.write(to: URL(filePath: file)) }
      do {
        _ = try zoo.fit(bytes == nil ? path : file, as: name, classes: classes)
        return ""
      } catch let error as ZooError {
        #expect(error.kind == .corrupt)
        return error.message
      }
    }
    let whole = try Data(contentsOf: URL(filePath: path))
    #expect(try message(whole.dropLast(), as: "yolov4-tiny").contains("ends within head.conv21."))
    #expect(
      try message(whole + [0], as: "yolov4-tiny").contains("24251277 bytes; expected 24251276")
    )
    let three = try message(as: "yolov4-tiny", classes: ["a", "b", "c"])
    #expect(three.contains("it has the size for 80 classes: name them with --classes FILE"))
    let other = try message(as: "yolov3-tiny")
    #expect(other.contains("24251276 bytes") && other.contains("expected 35434956 bytes"))
    #expect(!other.contains("it has the size for"))
  }
}
