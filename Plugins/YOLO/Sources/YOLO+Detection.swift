import Glibc
import ZooDetection
import ZooKit

// Decodes maps to boxes.

extension YOLO {
  package var whole: Graph.Part { .init(from: ["image"], to: gridNames) }

  public func detect(
    in batch: PictureBatch, _ options: DetectionOptions, running network: some PartRunner
  ) throws -> [[Detection]] {
    let maps = try network(whole, ["image": batch.tensor])
    return try (0..<batch.tensor.shape[0]).map { picture in
      var found: [Detection] = []
      if grids.isEmpty {
        try readCells(maps[0], picture, batch.size, options.score, into: &found)
      }
      for (grid, map) in zip(grids, maps) {
        try grid.read(map, picture, options.score, into: &found)
      }
      return found.suppressed(options)
    }
  }

  /// Section 2 of the first paper: a score is the product of confidence and class probability.
  private func readCells(
    _ output: Tensor, _ picture: Int, _ size: Window.Size, _ threshold: Float,
    into found: inout [Detection]
  ) throws {
    let layout = try Cells(output)
    let (width, height) = (Float(size.width), Float(size.height))
    output.withValues { values in
      for cell in 0..<Cells.side * Cells.side {
        let (row, column) = cell.quotientAndRemainder(dividingBy: Cells.side)
        for box in 0..<Cells.boxes {
          let certainty = values[layout.certainty(picture, cell, box)]
          let code = SIMD4<Float>(layout.code(values, picture, cell, box))
          let frame = Box(
            centreX: (code.x + Float(column)) / Float(Cells.side) * width,
            centreY: (code.y + Float(row)) / Float(Cells.side) * height,
            width: code.z * code.z * width, height: code.w * code.w * height)
          guard frame.isFinite else { continue }
          for label in 0..<layout.classes {
            let score = certainty * values[layout.share(picture, cell, label)]
            guard score > threshold, score.isFinite else { continue }
            // The output is linear, so it may exceed 1.
            found.append(Detection(frame, classIndex: label, score: min(score, 1)))
          }
        }
      }
    }
  }
}

extension Grid {
  /// The number of classes of a map with this many channels.
  func classes(_ map: Tensor) throws -> Int {
    let classes = map.shape.rank == 4 ? map.shape[1] / max(anchors.count, 1) - 5 : 0
    guard classes > 0, map.shape[1] == anchors.count * (classes + 5) else {
      throw ZooError.failure("\(map.shape) is no map of \(anchors.count) anchors")
    }
    return classes
  }

  /// The detections of one picture's map whose score exceeds the threshold.
  func read(
    _ map: Tensor, _ picture: Int, _ threshold: Float, into found: inout [Detection]
  ) throws {
    let classes = try classes(map)
    let (height, width) = (map.shape[2], map.shape[3])
    let plane = height * width
    map.withValues { values in
      for (kind, anchor) in anchors.enumerated() {
        let start = (picture * anchors.count + kind) * (classes + 5) * plane
        for place in 0..<plane {
          let sure = logistic(values[start + 4 * plane + place])
          // The product of two probabilities is less than either; NaN is never found.
          guard sure > threshold else { continue }
          let code = SIMD4(
            values[start + place], values[start + plane + place], values[start + 2 * plane + place],
            values[start + 3 * plane + place])
          let box = box(code, anchor, row: place / width, column: place % width)
          guard box.isFinite else { continue }
          let logits = (0..<classes).map { values[start + (5 + $0) * plane + place] }
          for (label, share) in shares(logits).enumerated() where sure * share > threshold {
            found.append(Detection(box, classIndex: label, score: sure * share))
          }
        }
      }
    }
  }

  /// Figure 2 of the third paper: the centre relative to its cell, the sides as multiples of the
  /// anchor's.
  func box(_ code: SIMD4<Float>, _ anchor: SIMD2<Float>, row: Int, column: Int) -> Box {
    let shift = (scale - 1) / 2
    return Box(
      centreX: (logistic(code.x) * scale - shift + Float(column)) * Float(stride),
      centreY: (logistic(code.y) * scale - shift + Float(row)) * Float(stride),
      width: exp(code.z) * anchor.x, height: exp(code.w) * anchor.y)
  }

  private func shares(_ logits: [Float]) -> [Float] {
    guard isExclusive else { return logits.map(logistic) }
    let softmax = RowSoftmax(logits)
    return logits.map { Float(softmax.share(of: $0)) }
  }
}

extension [Detection] {
  /// The most confident boxes of each class.
  fileprivate func suppressed(_ options: DetectionOptions) -> [Detection] {
    let classes = Dictionary(grouping: self, by: \.classIndex)
    let kept = classes.sorted { $0.key < $1.key }.flatMap { _, found in
      Suppression.greedy(
        found.map(\.box), scores: found.map(\.score), threshold: options.iou
      ).map { found[$0] }
    }
    return kept.enumerated().sorted {
      $0.element.score == $1.element.score
        ? $0.offset < $1.offset : $0.element.score > $1.element.score
    }.prefix(options.limit).map(\.element)
  }
}

func logistic(_ x: Float) -> Float { 1 / (1 + exp(-x)) }
