import ZooData
import ZooKit
import ZooTraining

extension TaskLesson {
  /// An objective over the single output of a network and over its auxiliary heads.
  /// - Parameters:
  ///   - model: the model at the start of the run.
  ///   - train: the training data.
  ///   - options: may name another loss.
  ///   - usualLoss: the task's default loss.
  ///   - scaled: transforms the target before the loss.
  init(
    _ model: Model, learning train: Split, _ options: Finetuning, usualLoss: LossKind,
    scaled: @escaping @Sendable (Target) throws -> Target = { $0 }
  ) throws {
    let graph = model.graph
    let input = graph.inputs[0].name
    let sides = graph.outputs.filter { graph.isAuxiliary($0.operation) }
    let outputs = graph.outputs.filter { !graph.isAuxiliary($0.operation) }
    guard let output = outputs.first, outputs.count == 1 else {
      throw ZooError.usage("there is no default loss for a network with \(outputs.count) outputs")
    }
    let shape = graph.operations[output.operation].shape
    let kind = options.loss ?? usualLoss
    let weights =
      options.classWeights == .balanced
      ? CrossEntropy.balanced(counts: train.counts(classes: model.checkpoint.classes.count)) : nil
    if weights != nil || options.labelSmoothing > 0, kind != .crossEntropy {
      throw ZooError.usage(
        "label smoothing and class weights need cross-entropy, not \(kind.rawValue)")
    }
    if options.focalGamma != nil || options.focalAlpha != nil, kind != .focal {
      throw ZooError.usage(
        "“focal-gamma” and “focal-alpha” need the loss focal, not \(kind.rawValue)")
    }
    let usual = FocalLoss()
    let loss = kind.loss(
      channels: shape[0], labelSmoothing: options.labelSmoothing, classWeights: weights,
      focal: FocalLoss(
        gamma: options.focalGamma ?? usual.gamma, alpha: options.focalAlpha ?? usual.alpha))
    // Auxiliary heads only serve the layers below them.
    let isStill = (options.freeze ?? []).contains { $0.hasPrefix(Stage.backbone) }
    let objective = Objective(
      [.init(output.name, loss)]
        + (isStill ? [] : sides).map {
          .init(
            $0.name, loss, target: output.name, weight: model.variant.architecture.auxiliaryWeight)
        })
    let borders = kind == .borderCrossEntropy ? BorderWeights() : nil
    self.init(objective) { batch in
      var target = try scaled(batch.truths.target(for: shape))
      if let borders { target = try target.weighted(by: borders, shape) }
      return Batch(inputs: [input: batch.input], targets: [output.name: target])
    }
  }
}

extension Target {
  /// A mask with higher weights at the borders between objects.
  fileprivate func weighted(by borders: BorderWeights, _ shape: Shape) throws -> Target {
    guard case .classes(let classes) = self, shape.rank == 3 else {
      throw ZooError.usage("border-cross-entropy needs masks")
    }
    let weights = try borders(classes, width: shape.width, height: shape.height)
    return .weighted(classes, weights)
  }
}
