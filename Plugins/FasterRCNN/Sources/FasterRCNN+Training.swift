import Glibc
import ZooDetection
import ZooKit

// Both stages train together in one step (section 3.2, “approximate joint training”). The second
// stage's gradient for the maps flows back through the regions, which are treated as constants.

extension FasterRCNN {
  /// How the targets of both stages are chosen.
  package struct Learning: Hashable, Sendable {
    /// Which anchors are objects, and how many are used (section 3.1.3).
    package var anchorMatching = Matching(high: 0.7, low: 0.3, takesBest: true)
    package var anchors = BalancedSampler(count: 256, share: 0.5)
    /// More proposals than in inference.
    package var proposals = {
      var proposals = Proposals()
      (proposals.before, proposals.after) = (2000, 2000)
      return proposals
    }()
    /// The same for regions (Girshick 2015, arXiv:1504.08083, section 2.3).
    package var regionMatching = Matching(high: 0.5, low: 0.5)
    package var regions = BalancedSampler(count: 512, share: 0.25)

    package init() {}
  }

  public var losses: [String] { ["objectness", "rpn_box_reg", "classifier", "box_reg"] }

  /// Counts for the classifier of regions; background has the weight 1.
  public func emphasizing(_ emphasis: ClassEmphasis) -> FasterRCNN? {
    var emphasizing = self
    emphasizing.emphasis = emphasis
    return emphasizing
  }

  /// Outputs near zero: initially no anchor or region is confident, and none moves far (Girshick
  /// 2015, arXiv:1504.08083, section 2.3; section 3.1.3 of the paper).
  public func headStart(_ graph: Graph, random: Random) throws -> [String: Tensor] {
    var start: [String: Tensor] = [:]
    for parameter in graph.parameters where parameter.role == .weight {
      let name = parameter.name
      guard name.hasPrefix("rpn.") || name.hasPrefix("roi_heads.box_predictor.") else { continue }
      let deviation: Float = name.contains("box_predictor.bbox_pred") ? 0.001 : 0.01
      let key = random.key(name)
      start[name] = try Tensor(parameter.shape) { values in
        for index in values.indices { values[index] = deviation * key.normal(index) }
      }
    }
    return start
  }

  public func learn(from batch: DetectionBatch, running network: some TrainingPartRunner) throws
    -> [Double]
  {
    let named = try network.forward(proposing, ["image": batch.pictures.tensor])
    let values = try proposing.to.map { name in
      guard let value = named[name] else {
        throw ZooError.failure("the network has no output \(name)")
      }
      return value
    }
    let field = try AnchorField(anchors, values[2...], batch.pictures)
    let first = try judge(objectness: values[0], deltas: values[1], field, batch)
    let proposals = try propose(
      learning.proposals, objectness: values[0], deltas: values[1], from: field)
    var seeds = ["objectness": first.objectness, "deltas": first.deltas]
    var losses = first.losses + [0, 0]

    let chosen = choose(from: proposals, batch)
    if !chosen.labels.isEmpty {
      let (layer, maps) = (RoIAlign(to: pooled, scales: scales), Array(values[2..<2 + levels]))
      let regions = try Tensor(regions: chosen.boxes)
      let entrance = FasterRCNN.looking.from[0]
      let seen = try network.forward(
        FasterRCNN.looking, [entrance: layer.regions(of: maps, regions)])
      guard let scores = seen["scores"], let boxes = seen["boxes"] else {
        throw ZooError.failure("the second stage gives neither scores nor boxes")
      }
      let second = try judge(scores: scores, boxes: boxes, chosen, share: batch.share)
      losses.replaceSubrange(2..., with: second.losses)
      let back = try network.backward(
        FasterRCNN.looking, ["scores": second.scores, "boxes": second.boxes])
      if let slope = back[entrance] {
        for (name, gradient) in zip(
          mapNames, try layer.gradients(of: maps, regions, slope))
        {
          seeds[name] = gradient
        }
      }
    }
    _ = try network.backward(proposing, seeds)
    return losses
  }

  // MARK: The first stage

  /// The loss for whether anchors contain an object (cross-entropy over the chosen ones) and for
  /// how to move those that do; equation 1, with both sums divided by the number of chosen anchors.
  private func judge(
    objectness: Tensor, deltas: Tensor, _ field: AnchorField, _ batch: DetectionBatch
  ) throws -> (losses: [Double], objectness: Tensor, deltas: Tensor) {
    try field.check(objectness, deltas)
    let samples = batch.truths.enumerated().map { picture, truths in
      let matches = learning.anchorMatching.matches(of: field.boxes, to: truths.map(\.box))
      let (things, background) = learning.anchors.sample(
        matches, random: batch.random.key("anchors").key(picture))
      return (things.map { ($0, matches[$0].truth.map { truths[$0].box }) }, background)
    }
    let count = samples.reduce(0) { $0 + $1.0.count + $1.1.count }
    let coding = BoxCoding()
    var (answered, moved) = (0.0, 0.0)
    var logitSlopes = try Tensor(zeros: objectness.shape)
    var codeSlopes = try Tensor(zeros: deltas.shape)
    let scale = 1 / Double(max(count, 1))
    try objectness.withValues { logits in
      try logitSlopes.withMutableValues { slopes in
        for (picture, (things, background)) in samples.enumerated() {
          for (anchor, isThing) in things.map({ ($0.0, true) }) + background.map({ ($0, false) }) {
            let place = field.logit(anchor, picture)
            let x = Double(logits[place])
            answered += max(x, 0) - (isThing ? x : 0) + log1p(exp(-abs(x)))
            slopes[place] = Float(
              batch.share * scale * (1 / (1 + exp(-x)) - (isThing ? 1 : 0)))
          }
        }
      }
    }
    try deltas.withValues { codes in
      try codeSlopes.withMutableValues { slopes in
        for (picture, (things, _)) in samples.enumerated() {
          for case (let anchor, let truth?) in things {
            let wanted = coding.encode(truth, from: field.boxes[anchor])
            let (first, step) = field.code(anchor, picture)
            for axis in 0..<4 {
              let place = first + axis * step
              let (value, slope) = smoothed(codes[place] - wanted[axis])
              moved += value
              slopes[place] = Float(batch.share * scale * slope)
            }
          }
        }
      }
    }
    return ([answered * scale, moved * scale], logitSlopes, codeSlopes)
  }

  // MARK: The second stage

  /// The regions to train on, each of which is background, label 0, or a true box.
  private struct Chosen {
    /// The regions of each picture.
    var boxes: [[Box]] = []
    var labels: [Int] = []
    /// The code that leads from the region to its box; nil for background.
    var codes: [SIMD4<Float>?] = []
  }

  /// Chooses among the proposals and the true boxes. These count as proposals too, because
  /// otherwise there would be no good ones at first.
  private func choose(from proposals: [[Box]], _ batch: DetectionBatch) -> Chosen {
    let coding = BoxCoding(weights: 10, 10, 5, 5)
    var chosen = Chosen()
    for (picture, truths) in batch.truths.enumerated() {
      let boxes = proposals[picture] + truths.map(\.box)
      let matches = learning.regionMatching.matches(of: boxes, to: truths.map(\.box))
      let (things, background) = learning.regions.sample(
        matches, random: batch.random.key("regions").key(picture))
      let order = (things + background).sorted()
      chosen.boxes.append(order.map { boxes[$0] })
      for index in order {
        let truth = matches[index].truth.map { truths[$0] }
        chosen.labels.append(truth.map { $0.classIndex + 1 } ?? 0)
        chosen.codes.append(truth.map { coding.encode($0.box, from: boxes[index]) })
      }
    }
    return chosen
  }

  /// The loss for the class of a region and, if it is an object, for how to move it: only the four
  /// numbers of that class count.
  private func judge(scores: Tensor, boxes: Tensor, _ chosen: Chosen, share: Double) throws -> (
    losses: [Double], scores: Tensor, boxes: Tensor
  ) {
    let classes = scores.shape[1]
    guard boxes.shape[1] == 4 * classes, scores.shape[0] == chosen.labels.count else {
      throw ZooError.failure("\(boxes.shape) boxes do not fit \(scores.shape) scores")
    }
    if let label = chosen.labels.max(), label >= classes {
      throw ZooError.corrupt(
        "a box is of class \(label - 1); the network knows \(classes - 1), from 0 on")
    }
    let scale = 1 / Double(chosen.labels.count)
    let weights = chosen.labels.map { $0 > 0 ? emphasis.weight(of: $0 - 1) : 1 }
    let total = max(weights.reduce(0, +), .leastNormalMagnitude)
    var (named, moved) = (0.0, 0.0)
    var scoreSlopes = try Tensor(zeros: scores.shape)
    var codeSlopes = try Tensor(zeros: boxes.shape)
    try scores.withValues { scores in
      try scoreSlopes.withMutableValues { slopes in
        for (row, label) in chosen.labels.enumerated() {
          let logits = scores[row * classes..<(row + 1) * classes].map(Double.init)
          let softmax = RowSoftmax(logits)
          let (value, factor) = emphasis.choice(softmax, truth: logits[label])
          let weight = weights[row] / total
          named += weight * value
          for index in 0..<classes {
            slopes[row * classes + index] = Float(
              share * weight * factor
                * (softmax.share(of: logits[index]) - (index == label ? 1 : 0)))
          }
        }
      }
    }
    try boxes.withValues { codes in
      try codeSlopes.withMutableValues { slopes in
        for (row, (label, wanted)) in zip(chosen.labels, chosen.codes).enumerated() {
          guard let wanted else { continue }
          for axis in 0..<4 {
            let place = 4 * (row * classes + label) + axis
            let (value, slope) = smoothed(codes[place] - wanted[axis])
            moved += value
            slopes[place] = Float(share * scale * slope)
          }
        }
      }
    }
    return ([named, moved * scale], scoreSlopes, codeSlopes)
  }
}

/// The smooth absolute value (Girshick 2015, arXiv:1504.08083, equation 3), which is quadratic
/// below a ninth, and its derivative.
private func smoothed(_ difference: Float) -> (value: Double, slope: Double) {
  let (x, beta) = (Double(difference), 1.0 / 9)
  return abs(x) < beta
    ? (0.5 * x * x / beta, x / beta) : (abs(x) - 0.5 * beta, x < 0 ? -1 : 1)
}
