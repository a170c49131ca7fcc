import ZooData
import ZooKit
import ZooTraining

extension Truths {
  /// The target of a loss for an output of this shape.
  func target(for output: Shape) throws -> Target {
    switch self {
    case .labels(let labels): return .classes(labels.map { Int32($0) })
    case .shares(let shares): return .values(shares)
    case .values(let values): return .values(values)
    case .masks(let pixels, let size):
      guard output.rank == 3, output.height <= size.height, output.width <= size.width else {
        throw ZooError.corrupt(
          "masks of \(size.width)×\(size.height) do not fit an output of \(output)")
      }
      return .classes(centre(of: pixels, size, output.height, output.width))
    case .boxes, .none:
      throw ZooError.corrupt("the data has no labels for an output of \(output)")
    }
  }

  /// Convolutions without padding read a border for which they have no output.
  private func centre(of pixels: [UInt8], _ size: Window.Size, _ height: Int, _ width: Int)
    -> [Int32]
  {
    let (top, left) = ((size.height - height) / 2, (size.width - width) / 2)
    let area = size.height * size.width
    var classes: [Int32] = []
    classes.reserveCapacity(pixels.count / max(area, 1) * height * width)
    for start in stride(from: 0, to: pixels.count, by: max(area, 1)) {
      for row in top..<top + height {
        let first = start + row * size.width + left
        for pixel in pixels[first..<first + width] {
          classes.append(pixel == Truth.ignored ? -1 : Int32(pixel))
        }
      }
    }
    return classes
  }
}
