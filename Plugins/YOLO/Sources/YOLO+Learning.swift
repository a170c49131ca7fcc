import Glibc
import ZooDetection
import ZooKit

// A training step: forward, the losses of every map and their gradients, backward.

extension YOLO: TrainableDetector {
  public var losses: [String] { ["box", "class", "objectness"] }

  public func learn(
    from batch: DetectionBatch, running network: some TrainingPartRunner
  ) throws -> [Double] {
    let values = try network.forward(whole, ["image": batch.pictures.tensor])
    let maps = try gridNames.map { name in
      guard let map = values[name] else {
        throw ZooError.failure("the network has no output \(name)")
      }
      return map
    }
    let (losses, gradients) = try compare(
      maps, batch.truths, batch.pictures.size, share: batch.share)
    _ = try network.backward(
      whole, Dictionary(uniqueKeysWithValues: zip(gridNames, gradients)))
    return losses
  }

  /// The three losses, and the gradients of their sum times a share for every map.
  package func compare(
    _ maps: [Tensor], _ truths: [[TrueBox]], _ size: Window.Size, share: Double = 1
  ) throws -> (losses: [Double], gradients: [Tensor]) {
    if grids.isEmpty { return try compareCells(maps[0], truths, size, share: share) }
    let examples = grids.indices.map { _ in [Example]() }
    var all = examples
    for (picture, truths) in truths.enumerated() {
      for truth in truths { assign(truth, of: picture, maps, to: &all) }
    }
    let positives = Double(max(1, all.reduce(0) { $0 + $1.count }))
    var losses = SIMD3<Double>.zero
    var gradients: [Tensor] = []
    for ((grid, map), examples) in zip(zip(grids, maps), all) {
      let (loss, gradient) = try grid.compare(
        map, examples, emphasis, scale: share / positives)
      losses += loss
      gradients.append(gradient)
    }
    losses /= positives
    return ([losses.x, losses.y, losses.z], gradients)
  }

  /// A positive example: the target of an anchor at a cell.
  package struct Example: Hashable, Sendable {
    let picture, anchor, row, column: Int
    let truth: TrueBox
  }

  /// Assigns a box to every anchor with a similar shape and to the most similar one, at the cell of
  /// its centre, so that there are enough positive examples.
  private func assign(
    _ truth: TrueBox, of picture: Int, _ maps: [Tensor], to examples: inout [[Example]]
  ) {
    let shape = SIMD2(truth.box.width, truth.box.height)
    let overlaps = priors.map { $0.map { ShapeClusters.overlap($0, shape) } }
    let best = overlaps.joined().max() ?? 0
    for (level, grid) in grids.enumerated() {
      let stride = Float(grid.stride)
      let row = min(Int(truth.box.centreY / stride), maps[level].shape[2] - 1)
      let column = min(Int(truth.box.centreX / stride), maps[level].shape[3] - 1)
      for (anchor, overlap) in overlaps[level].enumerated()
      where overlap > YOLO.leastOverlap || overlap == best {
        examples[level].append(
          Example(picture: picture, anchor: anchor, row: row, column: column, truth: truth))
      }
    }
  }

  /// The smallest overlap of shapes for which an anchor learns a box.
  static let leastOverlap: Float = 0.3

  // MARK: Initialisation

  /// If the boxes have other shapes than the anchors of the published weights, k-means finds new
  /// shapes. The anchors do not change, because a checkpoint does not store them. Adding the
  /// logarithms of the ratios to the new head's biases has the same effect.
  public func adapted(to shapes: [SIMD2<Float>]) -> YOLO {
    let usual = grids.flatMap(\.anchors)
    let served = shapes.count { shape in
      usual.contains { ShapeClusters.overlap($0, shape) > YOLO.leastOverlap }
    }
    guard !shapes.isEmpty, Double(served) < 0.98 * Double(shapes.count) else { return self }
    let found = ShapeClusters.anchors(usual.count, of: shapes)
    guard found.count == usual.count else { return self }
    var adapted = self
    // The finest map gets the smallest shapes.
    var left = found[...]
    for level in grids.indices.sorted(by: { grids[$0].stride < grids[$1].stride }) {
      adapted.priors[level] = Array(left.prefix(grids[level].anchors.count))
      left = left.dropFirst(grids[level].anchors.count)
    }
    return adapted
  }

  /// Weights count for the classes of positive examples, the focal loss also for objectness. The first
  /// version's squared differences have no place for either.
  public func emphasizing(_ emphasis: ClassEmphasis) -> YOLO? {
    guard !grids.isEmpty else { return nil }
    var emphasizing = self
    emphasizing.emphasis = emphasis
    return emphasizing
  }

  /// Small weights, and an initial objectness of one in a hundred (Lin et al. 2017,
  /// arXiv:1708.02002, section 4.1), so that background does not dominate the loss.
  public func headStart(_ graph: Graph, random: Random) throws -> [String: Tensor] {
    guard !grids.isEmpty else { return [:] }
    var start: [String: Tensor] = [:]
    let heads = graph.operations(in: Stage.head).filter {
      !graph.operations[$0].parameters.isEmpty
    }
    for (level, index) in heads.enumerated() where grids.indices.contains(level) {
      for parameter in graph.operations[index].parameters {
        let key = random.key(parameter.name)
        let (shape, grid) = (parameter.shape, grids[level])
        let each = shape[0] / max(1, grid.anchors.count)
        start[parameter.name] = try Tensor(shape) { values in
          if parameter.role == .weight {
            for index in values.indices { values[index] = 0.01 * key.normal(index) }
            return
          }
          values.initialize(repeating: 0)
          for (anchor, (usual, own)) in zip(grid.anchors, priors[level]).enumerated()
          where each >= 5 {
            values[anchor * each + 2] = log(own.x / usual.x)
            values[anchor * each + 3] = log(own.y / usual.y)
            values[anchor * each + 4] = -log(99)
          }
        }
      }
    }
    return start
  }
}

extension Grid {
  /// The losses of one map, and the gradient of their sum times a scale: the box by CIoU, times
  /// five; the class; and the objectness of every anchor, whose target for a positive example is
  /// the overlap of its box.
  func compare(
    _ map: Tensor, _ examples: [YOLO.Example], _ emphasis: ClassEmphasis, scale: Double
  ) throws -> (SIMD3<Double>, Tensor) {
    let classes = try classes(map)
    let (height, width) = (map.shape[2], map.shape[3])
    let plane = height * width
    let each = (classes + 5) * plane
    var losses = SIMD3<Double>.zero
    let gradient = try Tensor(map.shape) { gradient in
      gradient.initialize(repeating: 0)
      losses = map.withValues { values in
        sums(values, gradient, examples, emphasis, classes, plane, width, each, scale)
      }
    }
    return (losses, gradient)
  }

  private func sums(
    _ values: UnsafeBufferPointer<Float>, _ gradient: UnsafeMutableBufferPointer<Float>,
    _ examples: [YOLO.Example], _ emphasis: ClassEmphasis, _ classes: Int, _ plane: Int,
    _ width: Int, _ each: Int, _ scale: Double
  ) -> SIMD3<Double> {
    var losses = SIMD3<Double>.zero
    /// The target objectness of an anchor; of two boxes in one cell the last counts.
    var wanted: [Int: Double] = [:]
    for example in examples {
      let anchor = SIMD2<Double>(anchors[example.anchor])
      let start =
        (example.picture * anchors.count + example.anchor) * each + example.row * width
        + example.column
      func value(_ channel: Int) -> Double { Double(values[start + channel * plane]) }
      func add(_ slope: Double, _ channel: Int) {
        gradient[start + channel * plane] += Float(slope * scale)
      }
      let (x, y) = (logistic(value(0)), logistic(value(1)))
      let (reach, shift) = (Double(self.scale), (Double(self.scale) - 1) / 2)
      let step = Double(stride)
      let sides = SIMD2(exp(min(value(2), Grid.largest)), exp(min(value(3), Grid.largest))) * anchor
      let middle =
        SIMD2(
          x * reach - shift + Double(example.column), y * reach - shift + Double(example.row))
        * step
      let (low, high) = (middle - sides / 2, middle + sides / 2)
      let box = SIMD4(low.x, low.y, high.x, high.y)
      let truth = example.truth
      let other = SIMD4(
        Double(truth.box.x0), Double(truth.box.y0), Double(truth.box.x1), Double(truth.box.y1))
      let (fit, slope) = OverlapMeasure.ciou.measure(box, with: other)
      losses.x += Grid.boxWeight * (1 - fit)
      let factor = -Grid.boxWeight
      add(factor * (slope.x + slope.z) * step * reach * x * (1 - x), 0)
      add(factor * (slope.y + slope.w) * step * reach * y * (1 - y), 1)
      if value(2) <= Grid.largest { add(factor * (slope.z - slope.x) / 2 * sides.x, 2) }
      if value(3) <= Grid.largest { add(factor * (slope.w - slope.y) / 2 * sides.y, 3) }
      wanted[start + 4 * plane] = max(0, OverlapMeasure.iou.measure(box, with: other).value)

      let logits = (0..<classes).map { value(5 + $0) }
      let weight = emphasis.weight(of: truth.classIndex)
      if isExclusive, logits.indices.contains(truth.classIndex) {
        let softmax = RowSoftmax(logits)
        let (value, factor) = emphasis.choice(softmax, truth: logits[truth.classIndex])
        losses.y += weight * value
        for (label, logit) in logits.enumerated() {
          let miss = softmax.share(of: logit) - (label == truth.classIndex ? 1 : 0)
          add(weight * factor * miss, 5 + label)
        }
      } else {
        for (label, logit) in logits.enumerated() {
          let (value, slope) = emphasis.binary(logit, truth: label == truth.classIndex ? 1 : 0)
          losses.y += weight * value
          add(weight * slope, 5 + label)
        }
      }
    }
    for start in Swift.stride(from: 4 * plane, to: values.count, by: each) {
      for place in start..<start + plane {
        let (value, slope) = emphasis.binary(Double(values[place]), truth: wanted[place] ?? 0)
        losses.z += value
        gradient[place] = Float(slope * scale)
      }
    }
    return losses
  }

  /// The weight relative to the other losses.
  static let boxWeight = 5.0
  /// The largest exponent: no box is four hundred times its anchor, and larger exponentials
  /// overflow.
  static let largest = 6.0
}

private func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
