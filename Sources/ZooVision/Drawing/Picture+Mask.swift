import ZooKit

extension Picture {
  /// The picture in RGB under the colours of a segmentation, with a line where classes meet.
  ///
  /// - Parameters:
  ///   - classes: The class of each pixel, row by row.
  ///   - background: The class that is left as it is.
  ///   - alpha: How much of the colours shows, from 0 to 1.
  public func overlaid(
    classes: [Int], background: Int? = 0, alpha: Double = 0.45
  ) throws -> Picture {
    guard classes.count == width * height else {
      throw ZooError.failure(
        "\(classes.count) classes for a picture of \(width)×\(height) pixels: one for each "
          + "was expected")
    }
    // Half of the line is on either side of where classes meet.
    let reach = max(1, Int((Double(width * height).squareRoot() / 500).rounded()))
    var colours: [Int: Colour] = [:]
    return try drawn { canvas in
      for y in 0..<height {
        let row = y * width
        let above = max(y - reach, 0) * width
        let below = min(y + reach, height - 1) * width
        var run = 0..<0
        var colour = Colour.black
        for x in 0..<width {
          let index = classes[row + x]
          if x == run.upperBound {
            run = x..<((x + 1..<width).first { classes[row + $0] != index } ?? width)
            colour = colours[index] ?? Colour(ofClass: index)
            colours[index] = colour
          }
          if index == background { continue }
          let isBorder =
            x - run.lowerBound < reach && run.lowerBound > 0
            || run.upperBound - x <= reach && run.upperBound < width
            || classes[above + x] != index || classes[below + x] != index
          canvas.blend(x..<x + 1, of: y, isBorder ? 1 : alpha, colour)
        }
      }
    }
  }
}
