import ZooKit

extension Picture {
  /// The picture in RGB overlaid with the colours of a segmentation, with a line between classes.
  ///
  /// - Parameters:
  ///   - mask: The class of each pixel, in one channel.
  ///   - background: The class that is not coloured.
  ///   - alpha: The opacity of the colours, from 0 to 1.
  public func overlaid(
    mask: Picture, background: Int? = 0, alpha: Double = 0.45
  ) throws -> Picture {
    guard mask.size == size, mask.channels == 1 else {
      throw ZooError.failure(
        "a mask of \(mask.width)×\(mask.height)×\(mask.channels) for a picture of "
          + "\(width)×\(height): expected one class for each pixel")
    }
    // Half of the line is on either side of the border.
    let reach = max(1, Int((Double(width * height).squareRoot() / 500).rounded()))
    let colours = Colour.palette(of: 256, background: background)
    var overlaid = try rgb
    try overlaid.withMutablePixels { pixels in
      guard let start = pixels.baseAddress else { return }
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
            colour.cover(start + 3 * (row + x), isBorder ? 1 : alpha)
          }
        }
      }
    }
    return overlaid
  }
}

extension Colour {
  /// Blends the colour over one pixel.
  fileprivate func cover(_ pixel: UnsafeMutablePointer<UInt8>, _ alpha: Double) {
    let share = Int32(min(max(alpha, 0), 1) * 256 + 0.5)
    func mixed(_ old: UInt8, _ new: UInt8) -> UInt8 {
      UInt8((Int32(old) * (256 - share) + Int32(new) * share + 128) >> 8)
    }
    pixel[0] = mixed(pixel[0], red)
    pixel[1] = mixed(pixel[1], green)
    pixel[2] = mixed(pixel[2], blue)
  }

  /// A colour for every class of a mask. Background is black; other classes have the colours of
  /// their boxes.
  public static func palette(of classes: Int, background: Int? = nil) -> [Colour] {
    var colours = (0..<classes).map { Colour(ofClass: $0) }
    if let background, colours.indices.contains(background) {
      colours.insert(.black, at: background)
      colours.removeLast()
    }
    return colours
  }
}
