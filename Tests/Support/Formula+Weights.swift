import ZooKit

extension Formula {
  /// Every parameter of a network.
  public static func weights(for graph: Graph) throws -> Weights {
    var weights = Weights()
    for parameter in graph.parameters {
      weights[parameter.name] = try Formula.parameter(parameter.name, parameter.shape)
    }
    return weights
  }

  /// The same, but smaller in the output layers of a detector's two stages, which would otherwise
  /// be certain everywhere: `SCALES` in `Tests/Golden/detection/make.py`.
  public static func detectorWeights(for graph: Graph) throws -> Weights {
    let scales: [(String, Float)] = [
      ("rpn.head.cls_logits.weight", 0x1p-5), ("rpn.head.bbox_pred.weight", 0x1p-8),
      ("roi_heads.box_predictor.cls_score.weight", 0x1p-5),
      ("roi_heads.box_predictor.bbox_pred.weight", 0x1p-6),
    ]
    var weights = try weights(for: graph)
    for (name, scale) in scales {
      weights[name] = try weights[name].map { try Tensor($0.shape, $0.values.map { $0 * scale }) }
    }
    return weights
  }
}
