import ZooDetection
import ZooExplain
import ZooKit
import ZooVision

extension DetectionTask {
  static let box = TaskOption(
    "box", value: "N", .integer(nil, in: 0...100_000),
    help: "explain the Nth box that a detector finds, the surest first, from 0")

  static let target = TaskOption(
    "target", value: "NUMBER", .word("score", of: BoxNumber.allCases.map(\.rawValue)),
    help: "explain this number of a detector's box: its score, or a side (x0, y0, x1, y1)")

  var explainingOptions: [TaskOption] { [Self.box, Self.target] }

  /// A box that is found: the one of that number, or the surest of a class.
  func subject(_ target: ExplanationTarget, of view: ExplainedView, _ options: TaskOptions) throws
    -> any Subject
  {
    let detector = try ObjectDetector(view.model, engine: view.engine)
    let batch = view.input.reshaped(Shape([1] + view.input.shape.sizes))
    let size = Window.Size(view.placement.shown.height, view.placement.shown.width)
    let pictures = PictureBatch(batch, sizes: [size])
    let found = try detector.detect(in: pictures)[0]
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
    let wantedNumber = options.word(Self.target).flatMap(BoxNumber.init) ?? .score
    let name = "\(classes[box.classIndex]) \(number)"
    return try FoundBox(
      wantedNumber == .score ? name : "\(name) \(wantedNumber.rawValue)", box, wantedNumber,
      in: pictures, of: view.network, by: detector)
  }
}

/// A box that a detector finds, by its score or one of its sides.
///
/// For masked pictures the score is, over all boxes of the class, the most of overlap times score (Petsiuk
/// et al. 2021, arXiv:2006.03204), which does not depend on how the detector works. Gradients go back from
/// the outputs where the detector read the box. A second stage's region is held fixed.
private final class FoundBox: Subject {
  let name: String
  let output: Output? = nil
  let lastMap: String?
  private let box: Detection
  private let number: BoxNumber
  private let size: Window.Size
  private let network: ExplainedNetwork
  private let detector: ObjectDetector
  private let origin: BoxOrigin?

  init(
    _ name: String, _ box: Detection, _ number: BoxNumber, in batch: PictureBatch,
    of network: ExplainedNetwork, by detector: ObjectDetector
  ) throws {
    (self.name, self.box, self.number, size) = (name, box, number, batch.sizes[0])
    (self.network, self.detector) = (network, detector)
    origin = try detector.origin(of: box, in: batch)
    lastMap = origin.flatMap { origin in
      origin.map ?? network.graph.lastMap(feeding: origin.outputs[0])
    }
    guard number == .score || origin != nil else { throw refusal }
  }

  private var refusal: ZooError {
    .usage(
      "this detector's boxes are explained by occlusion or rise of their score, not by gradients")
  }

  var graph: Graph { network.graph }

  func scores(
    of count: Int, on scale: Scale,
    filledBy fill: (Int, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws -> [Double] {
    let (together, shape) = (number == .score ? min(4, count) : 1, network.input.shape)
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
      if let origin, number != .score {
        let values = try network.values(of: origin.outputs, for: batch, with: origin.inputs)
        scores.append(try origin.read(number, values).value)
        continue
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
    guard let origin else { throw refusal }
    var found: [String: (values: [Float], gradients: [Float], shape: [Int])] = [:]
    for item in 0..<batch.shape[0] {
      let one = try network.gradients(
        at: points, of: batch.items(item..<item + 1, paddedTo: 1), with: origin.inputs,
        from: origin.outputs, rule: rule
      ) { try origin.gradients(of: number, $0) }
      for (point, (value, gradient)) in one {
        found[point, default: ([], [], Array(value.shape.sizes.dropFirst()))].values += value.values
        found[point]?.gradients += gradient.values
      }
    }
    return try found.mapValues { values, gradients, shape in
      let shape = Shape([batch.shape[0]] + shape)
      return (try Tensor(shape, values), try Tensor(shape, gradients))
    }
  }

  func value(of layer: String, for batch: Tensor) throws -> Tensor {
    try network.value(of: layer, for: batch)
  }
}
