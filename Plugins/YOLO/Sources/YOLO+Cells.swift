import Glibc
import ZooDetection
import ZooKit

// The first paper's loss, for historical interest.

extension YOLO {
  /// Equation 3 of the first paper, mean over pictures. In the cell that contains the centre of a
  /// box, the better of its two predictions is responsible for it; the target of its confidence is
  /// its overlap. Of two boxes in one cell the first counts.
  func compareCells(
    _ output: Tensor, _ truths: [[TrueBox]], _ size: Window.Size, share: Double
  ) throws -> (losses: [Double], gradients: [Tensor]) {
    let layout = try Cells(output)
    let side = Cells.side
    var losses = SIMD3<Double>.zero
    let scale = 1 / Double(max(1, truths.count))
    let gradient = try Tensor(output.shape) { gradient in
      gradient.initialize(repeating: 0)
      output.withValues { values in
        /// Adds a squared difference to a loss, and its derivative to the gradient.
        func miss(_ place: Int, _ wanted: Double, _ weight: Double) -> Double {
          let difference = Double(values[place]) - wanted
          gradient[place] += Float(2 * weight * difference * scale * share)
          return weight * difference * difference * scale
        }
        for (picture, truths) in truths.enumerated() {
          var wanted: [Int: TrueBox] = [:]
          for truth in truths {
            let column = min(Int(truth.box.centreX / Float(size.width) * Float(side)), side - 1)
            let row = min(Int(truth.box.centreY / Float(size.height) * Float(side)), side - 1)
            let cell = row * side + column
            wanted[cell] = wanted[cell] ?? truth
          }
          for cell in 0..<side * side {
            var answers: (box: Int, fit: Double)?
            if let truth = wanted[cell] {
              let frame = layout.frame(truth.box, cell, size)
              let found = (0..<Cells.boxes).map { box -> (fit: Double, miss: Double) in
                let code = layout.code(values, picture, cell, box)
                let fit = OverlapMeasure.iou.measure(Cells.corners(code), with: frame.corners)
                let difference = code - frame.code
                return (fit.value, (difference * difference).sum())
              }
              // Without any overlap, choose the prediction with the closest numbers.
              let box =
                found.indices.min {
                  (-found[$0].fit, found[$0].miss) < (-found[$1].fit, found[$1].miss)
                } ?? 0
              answers = (box, max(0, found[box].fit))
              let place = layout.box(picture, cell, box)
              for index in 0..<4 { losses.x += miss(place + index, frame.code[index], 5) }
              for label in 0..<layout.classes {
                losses.y += miss(
                  layout.share(picture, cell, label), label == truth.classIndex ? 1 : 0, 1)
              }
            }
            for box in 0..<Cells.boxes {
              let answer = answers.flatMap { $0.box == box ? $0.fit : nil }
              losses.z += miss(
                layout.certainty(picture, cell, box), answer ?? 0, answer == nil ? 0.5 : 1)
            }
          }
        }
      }
    }
    return ([losses.x, losses.y, losses.z], [gradient])
  }
}

/// The cells of the first paper: seven by seven, two boxes each. In Darknet's order: the classes of
/// all cells, then the confidence of each box, then the boxes as centre within the cell and roots
/// of the sides.
package struct Cells {
  package static let side = 7
  package static let boxes = 2

  let classes: Int
  private let row: Int

  init(_ output: Tensor) throws {
    let cells = Cells.side * Cells.side
    row = output.shape.rank == 2 ? output.shape[1] : 0
    classes = row / cells - 5 * Cells.boxes
    guard classes > 0, row == cells * (classes + 5 * Cells.boxes) else {
      throw ZooError.failure("\(output.shape) are no \(Cells.side)×\(Cells.side) places")
    }
  }

  private var cells: Int { Cells.side * Cells.side }

  func share(_ picture: Int, _ cell: Int, _ label: Int) -> Int {
    picture * row + cell * classes + label
  }

  func certainty(_ picture: Int, _ cell: Int, _ box: Int) -> Int {
    picture * row + cells * classes + cell * Cells.boxes + box
  }

  func box(_ picture: Int, _ cell: Int, _ box: Int) -> Int {
    picture * row + cells * (classes + Cells.boxes) + 4 * (cell * Cells.boxes + box)
  }

  func code(
    _ values: UnsafeBufferPointer<Float>, _ picture: Int, _ cell: Int, _ box: Int
  ) -> SIMD4<Double> {
    let place = self.box(picture, cell, box)
    return SIMD4(
      Double(values[place]), Double(values[place + 1]), Double(values[place + 2]),
      Double(values[place + 3]))
  }

  /// The code of a box in its cell, and its corners in units of the picture, relative to the cell.
  func frame(_ box: Box, _ cell: Int, _ size: Window.Size) -> (
    code: SIMD4<Double>, corners: SIMD4<Double>
  ) {
    let (row, column) = cell.quotientAndRemainder(dividingBy: Cells.side)
    let side = Double(Cells.side)
    let (width, height) = (Double(size.width), Double(size.height))
    let code = SIMD4(
      Double(box.centreX) / width * side - Double(column),
      Double(box.centreY) / height * side - Double(row),
      (Double(box.width) / width).squareRoot(), (Double(box.height) / height).squareRoot())
    return (code, Cells.corners(code))
  }

  static func corners(_ code: SIMD4<Double>) -> SIMD4<Double> {
    let (x, y) = (code.x / Double(side), code.y / Double(side))
    let (width, height) = (code.z * code.z, code.w * code.w)
    return SIMD4(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
  }
}
