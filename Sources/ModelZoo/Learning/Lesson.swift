import ZooData
import ZooKit
import ZooTraining

/// What a task learns by: its losses, how what is true of a picture becomes their targets, and the
/// metric that says which epoch was the best.
struct Lesson {
  let objective: Objective
  let targets: @Sendable (SampleBatch) throws -> [String: Target]
  let metric: String

  init(_ task: VisionTask, _ graph: Graph, _ train: Split, classes: [String], _ options: Finetuning)
    throws
  {
    guard let output = graph.outputs.first, graph.outputs.count == 1 else {
      throw ZooError.usage("a network with \(graph.outputs.count) outputs needs a lesson of its own")
    }
    let shape = graph.operations[output.operation].shape
    let kind = try options.loss ?? Lesson.usualLoss(task, train, channels: shape[0])
    let weights =
      options.classWeights == .balanced
      ? CrossEntropy.balanced(counts: train.counts(classes: classes.count)) : nil
    if weights != nil, kind != .crossEntropy {
      throw ZooError.usage("weights of classes go with cross-entropy, not with \(kind.rawValue)")
    }
    let loss = kind.loss(
      channels: shape[0], labelSmoothing: options.labelSmoothing, classWeights: weights)
    objective = [.init(output.name, loss)]
    let borders = kind == .borderCrossEntropy ? BorderWeights() : nil
    targets = { batch in
      let target = try batch.truths.target(for: shape)
      guard let borders else { return [output.name: target] }
      guard case .classes(let classes) = target, shape.rank == 3 else {
        throw ZooError.usage("border-cross-entropy learns from masks")
      }
      let weights = try borders(classes, width: shape.width, height: shape.height)
      return [output.name: .weighted(classes, weights)]
    }
    metric = Lesson.metric(of: task)
  }

  /// By which epochs are compared.
  static func metric(of task: VisionTask) -> String {
    switch task {
    case .classification: "accuracy"
    case .segmentation: "meanDice"
    case .detection: "mAP50"
    }
  }

  private static func usualLoss(_ task: VisionTask, _ train: Split, channels: Int) throws
    -> LossKind
  {
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

extension Truths {
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
