import Glibc
import ZooDetection
import ZooKit

// From a box back to the cell and the anchor that gave it.

extension YOLO: TraceableDetector {
  public func origin(
    of detection: Detection, in batch: PictureBatch, running network: some PartRunner
  ) throws -> BoxOrigin {
    let maps = try network(whole, ["image": batch.tensor])
    if grids.isEmpty { return try cellOrigin(of: detection, maps[0], batch.size) }
    var best: (distance: Float, grid: Int, kind: Int, place: Int) = (.infinity, 0, 0, 0)
    for (index, grid) in grids.enumerated() {
      let plane = maps[index].shape[2] * maps[index].shape[3]
      for kind in grid.anchors.indices {
        for place in 0..<plane {
          let (box, score) = try grid.candidate(maps[index], kind, place, detection.classIndex)
          let distance = Detection(box, classIndex: detection.classIndex, score: score)
            .distance(to: detection)
          if distance < best.distance { best = (distance, index, kind, place) }
        }
      }
    }
    let (name, grid) = (gridNames[best.grid], grids[best.grid])
    let (kind, place) = (best.kind, best.place)
    return BoxOrigin(outputs: [name]) { number, values in
      guard let map = values[name] else { throw ZooError.failure("there is no output \(name)") }
      return try grid.reading(number, of: detection.classIndex, name, map, kind, place)
    }
  }

  private func cellOrigin(of detection: Detection, _ output: Tensor, _ size: Window.Size) throws
    -> BoxOrigin
  {
    let name = gridNames[0]
    @Sendable func read(_ number: BoxNumber, _ cell: Int, _ box: Int, _ output: Tensor) throws
      -> BoxReading
    {
      let layout = try Cells(output)
      return output.withValues { values in
        let (row, column) = cell.quotientAndRemainder(dividingBy: Cells.side)
        guard let (isAcross, half) = number.side else {
          let places = [
            layout.certainty(0, cell, box), layout.share(0, cell, detection.classIndex),
          ]
          let factors = places.map { Double(values[$0]) }
          return BoxReading(
            factors.reduce(0) { $0 + log(abs($1)) },
            zip(places, factors).map { .init(name, $0, 1 / $1) })
        }
        let (axis, length) = (isAcross ? 0 : 1, Double(isAcross ? size.width : size.height))
        let code = layout.code(values, 0, cell, box)
        let cells = Double(Cells.side)
        let first = layout.box(0, cell, box) + axis
        let centre = (code[axis] + Double(isAcross ? column : row)) / cells * length
        return BoxReading(
          centre + half * code[axis + 2] * code[axis + 2] * length / 2,
          [
            .init(name, first, length / cells),
            .init(name, first + 2, half * code[axis + 2] * length),
          ])
      }
    }
    let boxes = (0..<Cells.side * Cells.side * Cells.boxes).map { index in
      (cell: index / Cells.boxes, box: index % Cells.boxes)
    }
    var best: (distance: Float, cell: Int, box: Int) = (.infinity, 0, 0)
    for (cell, box) in boxes {
      let sides = try [BoxNumber.x0, .y0, .x1, .y1].map {
        Float(try read($0, cell, box, output).value)
      }
      let score = Float(exp(try read(.score, cell, box, output).value))
      let distance = Detection(
        Box(sides[0], sides[1], sides[2], sides[3]), classIndex: detection.classIndex,
        score: min(score, 1)
      ).distance(to: detection)
      if distance < best.distance { best = (distance, cell, box) }
    }
    let (cell, box) = (best.cell, best.box)
    return BoxOrigin(outputs: [name]) { number, values in
      guard let output = values[name] else { throw ZooError.failure("there is no output \(name)") }
      return try read(number, cell, box, output)
    }
  }
}

extension Grid {
  /// The box of an anchor at a place of one picture's map, and the score of a class.
  fileprivate func candidate(_ map: Tensor, _ kind: Int, _ place: Int, _ label: Int) throws
    -> (box: Box, score: Float)
  {
    let classes = try classes(map)
    let plane = map.shape[2] * map.shape[3]
    return map.withValues { values in
      let start = kind * (classes + 5) * plane + place
      let code = SIMD4(
        values[start], values[start + plane], values[start + 2 * plane], values[start + 3 * plane])
      let logits = (0..<classes).map { values[start + (5 + $0) * plane] }
      let share =
        isExclusive ? Float(RowSoftmax(logits).share(of: logits[label])) : logistic(logits[label])
      return (
        box(code, anchors[kind], row: place / map.shape[3], column: place % map.shape[3]),
        logistic(values[start + 4 * plane]) * share
      )
    }
  }

  /// A number of that box with its derivatives.
  fileprivate func reading(
    _ number: BoxNumber, of label: Int, _ name: String, _ map: Tensor, _ kind: Int, _ place: Int
  ) throws -> BoxReading {
    let classes = try classes(map)
    let plane = map.shape[2] * map.shape[3]
    let start = kind * (classes + 5) * plane + place
    return map.withValues { values in
      func coded(_ index: Int) -> Double { Double(values[start + index * plane]) }
      func sure(_ logit: Double) -> Double { 1 / (1 + exp(-logit)) }
      guard let (isAcross, half) = number.side else {
        let logits = (0..<classes).map { coded(5 + $0) }
        let certainty = sure(coded(4))
        let shares: [Double]
        if isExclusive {
          let softmax = RowSoftmax(logits)
          shares = logits.map { softmax.share(of: $0) }
        } else {
          shares = logits.map(sure)
        }
        // The logarithm of a sigmoid has the slope 1 − p, that of a softmax 1 − p at its own logit and
        // −p at the others.
        let own = isExclusive ? Array(0..<classes) : [label]
        return BoxReading(
          log(certainty) + log(shares[label]),
          [.init(name, start + 4 * plane, 1 - certainty)]
            + own.map {
              .init(name, start + (5 + $0) * plane, ($0 == label ? 1 : 0) - shares[$0])
            })
      }
      let axis = isAcross ? 0 : 1
      let cell = Double(isAcross ? place % map.shape[3] : place / map.shape[3])
      let (stride, scale) = (Double(stride), Double(scale))
      let shift = sure(coded(axis))
      let centre = (shift * scale - (scale - 1) / 2 + cell) * stride
      let length = exp(coded(axis + 2)) * Double(anchors[kind][axis])
      return BoxReading(
        centre + half * length / 2,
        [
          .init(name, start + axis * plane, shift * (1 - shift) * scale * stride),
          .init(name, start + (axis + 2) * plane, half * length / 2),
        ])
    }
  }
}
