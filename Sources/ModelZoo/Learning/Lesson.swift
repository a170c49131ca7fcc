import ZooData
import ZooDetection
import ZooEngine
import ZooKit
import ZooTraining

/// What a network learns by: its losses, or a detector's own way, and how pictures and what is true
/// of them get the names that these have for them.
struct Lesson {
  let named: @Sendable (SampleBatch) throws -> Batch
  private let objective: Objective
  private let detector: (any TrainableDetector)?

  init(_ model: Model, _ train: Split, _ options: Finetuning) throws {
    let (graph, task) = (model.graph, model.checkpoint.task)
    let input = graph.inputs[0].name
    if task == .detection {
      guard let detector = model.variant.architecture as? any TrainableDetector else {
        throw ZooError.usage("\(model.variant.name) cannot be trained")
      }
      guard options.loss == nil, options.labelSmoothing == 0, options.classWeights == .none else {
        throw ZooError.usage("\(model.variant.name) brings its own losses")
      }
      self.detector = detector
      objective = []
      named = { batch in
        Batch(
          PictureBatch(batch.input, sizes: batch.sizes), boxes: try batch.truths.boxes,
          input: input)
      }
      return
    }
    let sides = graph.outputs.filter { graph.isAuxiliary($0.operation) }
    let outputs = graph.outputs.filter { !graph.isAuxiliary($0.operation) }
    guard let output = outputs.first, outputs.count == 1 else {
      throw ZooError.usage("a network with \(outputs.count) outputs has no usual loss")
    }
    let shape = graph.operations[output.operation].shape
    let kind = try options.loss ?? Lesson.usualLoss(task, train)
    let weights =
      options.classWeights == .balanced
      ? CrossEntropy.balanced(counts: train.counts(classes: model.checkpoint.classes.count)) : nil
    if weights != nil || options.labelSmoothing > 0, kind != .crossEntropy {
      throw ZooError.usage(
        "label smoothing and weights of classes go with cross-entropy, not with \(kind.rawValue)")
    }
    detector = nil
    let loss = kind.loss(
      channels: shape[0], labelSmoothing: options.labelSmoothing, classWeights: weights)
    // Auxiliary heads are there for what is below them.
    let isStill = (options.freeze ?? []).contains { $0.hasPrefix(Stage.backbone) }
    objective = Objective(
      [.init(output.name, loss)]
        + (isStill ? [] : sides).map {
          .init(
            $0.name, loss, target: output.name, weight: model.variant.architecture.auxiliaryWeight)
        })
    let borders = kind == .borderCrossEntropy ? BorderWeights() : nil
    named = { batch in
      var target = try batch.truths.target(for: shape)
      if let borders { target = try target.weighted(by: borders, shape) }
      return Batch(inputs: [input: batch.input], targets: [output.name: target])
    }
  }

  /// Who gives the lesson.
  func trainer(
    _ model: Model, _ source: SampleSource, _ options: Trainer.Options, _ engine: EngineChoice
  ) throws -> Trainer {
    guard let detector else {
      return try Trainer(
        model.graph, model.weights, source, objective: objective, options: options, engine: engine)
    }
    // What a frozen beginning makes of a picture is worth keeping where the picture comes again.
    let isFrozen = options.freezing.stretches.contains { $0.until == nil }
    let (variant, checkpoint) = (model.variant, model.checkpoint)
    return Trainer(
      of: detector, model.graph, model.weights, source, options: options,
      engine: try engine.engine(), memory: isFrozen ? 1 << 30 : 0
    ) { input in
      try variant.graph(
        head: checkpoint.head(classes: checkpoint.classes.count), input: input,
        normEpsilon: checkpoint.normEpsilon)
    }
  }

  /// By which epochs are compared.
  static func metric(of task: VisionTask) -> String {
    switch task {
    case .classification: "accuracy"
    case .segmentation: "meanDice"
    case .detection: "mAP50"
    }
  }

  private static func usualLoss(_ task: VisionTask, _ train: Split) throws -> LossKind {
    switch (task, train.items.first?.annotation) {
    case (.classification, .labels): .binaryCrossEntropy
    case (.classification, .values): .meanSquared
    case (.classification, _): .crossEntropy
    case (.segmentation, _): .diceCrossEntropy
    case (.detection, _):
      throw ZooError.usage("a detector has losses of its own")
    }
  }
}

extension Target {
  /// A mask whose borders between objects count for more.
  fileprivate func weighted(by borders: BorderWeights, _ shape: Shape) throws -> Target {
    guard case .classes(let classes) = self, shape.rank == 3 else {
      throw ZooError.usage("border-cross-entropy learns from masks")
    }
    let weights = try borders(classes, width: shape.width, height: shape.height)
    return .weighted(classes, weights)
  }
}

extension Truths {
  /// What a detector should find. Regions of many objects are no example, and neither is what its
  /// annotator calls difficult.
  fileprivate var boxes: [[TrueBox]] {
    get throws {
      guard case .boxes(let boxes) = self else {
        throw ZooError.corrupt("the data has no boxes that a detector could learn")
      }
      return boxes.map { boxes in
        boxes.filter { !$0.isCrowd && !$0.isDifficult }.map { box in
          let frame = box.frame
          return TrueBox(
            Box(Float(frame.x0), Float(frame.y0), Float(frame.x1), Float(frame.y1)),
            classIndex: box.classIndex)
        }
      }
    }
  }

  /// As a loss takes them for an output of a shape.
  func target(for output: Shape) throws -> Target {
    switch self {
    case .labels(let labels): return .classes(labels.map { Int32($0) })
    case .shares(let shares): return .values(shares)
    case .values(let values): return .values(values)
    case .masks(let pixels, let size):
      guard output.rank == 3, output.height <= size.height, output.width <= size.width else {
        throw ZooError.corrupt(
          "masks of \(size.width)×\(size.height) do not fit an output of \(output)")
      }
      return .classes(centre(of: pixels, size, output.height, output.width))
    case .boxes, .none:
      throw ZooError.corrupt("the data has no truth that an output of \(output) could learn")
    }
  }

  /// Convolutions without padding see a border that they do not draw.
  private func centre(of pixels: [UInt8], _ size: Window.Size, _ height: Int, _ width: Int)
    -> [Int32]
  {
    let (top, left) = ((size.height - height) / 2, (size.width - width) / 2)
    let area = size.height * size.width
    var classes: [Int32] = []
    classes.reserveCapacity(pixels.count / max(area, 1) * height * width)
    for start in stride(from: 0, to: pixels.count, by: max(area, 1)) {
      for row in top..<top + height {
        let first = start + row * size.width + left
        for pixel in pixels[first..<first + width] {
          classes.append(pixel == Truth.ignored ? -1 : Int32(pixel))
        }
      }
    }
    return classes
  }
}
