import ZooKit

extension Picture {
  /// The picture in RGB under the colours of a segmentation, with a line where classes meet.
  ///
  /// - Parameters:
  ///   - mask: The class of each pixel, in one channel.
  ///   - background: The class that is left as it is.
  ///   - alpha: How much of the colours shows, from 0 to 1.
  public func overlaid(
    mask: Picture, background: Int? = 0, alpha: Double = 0.45
  ) throws -> Picture {
    guard mask.size == size, mask.channels == 1 else {
      throw ZooError.failure(
        "a mask of \(mask.width)×\(mask.height)×\(mask.channels) for a picture of "
          + "\(width)×\(height): one class for each pixel was expected")
    }
    // Half of the line is on either side of where classes meet.
    let reach = max(1, Int((Double(width * height).squareRoot() / 500).rounded()))
    let colours = Colour.palette(of: 256, background: background)
    return try drawn { canvas in
      mask.withPixels { classes in
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
              colour = colours[Int(index)]
            }
            if Int(index) == background { continue }
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
}

extension Colour {
  /// A colour for every class of a mask. The background's is black and none of the others', which have
  /// the colours that boxes around them have.
  public static func palette(of classes: Int, background: Int? = nil) -> [Colour] {
    var colours = (0..<classes).map { Colour(ofClass: $0) }
    if let background, colours.indices.contains(background) {
      colours.insert(.black, at: background)
      colours.removeLast()
    }
    return colours
  }
}
