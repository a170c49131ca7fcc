import ZooDetection
import ZooExplain
import ZooKit
import ZooVision

extension DetectionTask {
  static let box = TaskOption(
    "box", value: "N", .integer(nil, in: 0...100_000),
    help: "explain the Nth box that a detector finds, the surest first, from 0")

  var explainingOptions: [TaskOption] { [Self.box] }

  /// A box that is found: the one of that number, or the surest of a class.
  func subject(_ target: ExplanationTarget, of view: ExplainedView, _ options: TaskOptions) throws
    -> any Subject
  {
    let detector = try ObjectDetector(view.model, engine: view.engine)
    let batch = view.input.reshaped(Shape([1] + view.input.shape.sizes))
    let size = Window.Size(view.placement.shown.height, view.placement.shown.width)
    let found = try detector.detect(in: PictureBatch(batch, sizes: [size]))[0]
    let classes = view.model.checkpoint.classes
    var boxes = Array(found.enumerated())
    if case .class(let name) = target {
      let index = try view.model.classIndex(name)
      boxes = boxes.filter { $0.element.classIndex == index }
      guard !boxes.isEmpty else {
        throw ZooError.usage("\(view.model.name) finds no \(classes[index]) in the picture")
      }
    }
    let wanted = options.integer(Self.box) ?? 0
    guard boxes.indices.contains(wanted) else {
      throw ZooError.usage(
        "--box \(wanted): \(view.model.name) finds \(boxes.count == 0 ? "no" : "\(boxes.count)") "
          + (boxes.count == 1 ? "box" : "boxes") + " in the picture, counted from 0")
    }
    let (number, box) = boxes[wanted]
    guard classes.indices.contains(box.classIndex) else {
      throw ZooError.failure("\(view.model.name) found a class \(box.classIndex) that it has not")
    }
    return FoundBox(
      "\(classes[box.classIndex]) \(number)", box, size, in: view.network, by: detector)
  }
}

/// How surely a detector finds a box: over all boxes of its class, the most of overlap times score
/// (Petsiuk et al. 2021, arXiv:2006.03204). It does not depend on how the detector works, but has no
/// gradient.
private final class FoundBox: Subject {
  let name: String
  let output: Output? = nil
  let lastMap: String? = nil
  private let box: Detection
  private let size: Window.Size
  private let network: ExplainedNetwork
  private let detector: ObjectDetector

  init(
    _ name: String, _ box: Detection, _ size: Window.Size, in network: ExplainedNetwork,
    by detector: ObjectDetector
  ) {
    (self.name, self.box, self.size) = (name, box, size)
    (self.network, self.detector) = (network, detector)
  }

  var graph: Graph { network.graph }

  func scores(
    of count: Int, on scale: Scale,
    filledBy fill: (Int, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws -> [Double] {
    let (together, shape) = (min(4, count), network.input.shape)
    var scores: [Double] = []
    for start in stride(from: 0, to: count, by: together) {
      let items = min(together, count - start)
      let batch = try Tensor(Shape([together] + shape.sizes)) { values in
        values.initialize(repeating: 0)
        for item in 0..<items {
          let place = values[item * shape.count..<(item + 1) * shape.count]
          try fill(start + item, UnsafeMutableBufferPointer(rebasing: place))
        }
      }
      let sizes = Array(repeating: size, count: together)
      let found = try detector.detect(in: PictureBatch(batch, sizes: sizes), .init(score: 0.01))
      scores += found.prefix(items).map { found in
        found.lazy.filter { $0.classIndex == self.box.classIndex }
          .map { Double($0.score) * Double($0.box.iou(self.box.box)) }.max() ?? 0
      }
    }
    return scores
  }

  func gradients(at points: [String], of batch: Tensor, rule: Rule) throws
    -> [String: (value: Tensor, gradient: Tensor)]
  {
    throw ZooError.usage("a box is explained by occlusion or rise, not by gradients")
  }

  func value(of layer: String, for batch: Tensor) throws -> Tensor {
    throw ZooError.usage("a box is explained by occlusion or rise, not by the maps of a layer")
  }
}
