import ModelZoo
import ZooKit

/// A garment: a picture of Fashion-MNIST without its black background, to paste onto a scene.
struct Garment {
  static let side = 28
  static let names = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
  ]
  /// The classes of scenes: at this resolution shirts and coats are all tops, and all footwear is a
  /// shoe.
  static let kinds = ["top", "trousers", "dress", "shoe", "bag"]
  static let kindOfLabel = [0, 1, 0, 2, 0, 3, 0, 3, 4, 3]

  /// RGBA: grey, opaque inside the garment, cropped to it.
  let picture: Picture

  init(_ grey: Picture) throws {
    let levels = grey.pixels
    let outside = Garment.outside(levels)
    let inside = levels.indices.filter { !outside[$0] }
    let columns = inside.map { $0 % Garment.side }
    let rows = inside.map { $0 / Garment.side }
    var pixels: [UInt8] = []
    for (level, isOutside) in zip(levels, outside) {
      pixels += [level, level, level, isOutside ? 0 : 255]
    }
    guard let left = columns.min(), let right = columns.max(), let top = rows.min(),
      let bottom = rows.max()
    else { throw ZooError.corrupt("a picture of Fashion-MNIST shows nothing") }
    picture = try Picture(
      width: Garment.side, height: Garment.side, channels: 4, pixels: pixels
    ).cropped(to: Region(x: left, y: top, width: right - left + 1, height: bottom - top + 1))
  }

  /// Dark pixels that are connected to the border.
  private static func outside(_ levels: [UInt8]) -> [Bool] {
    var outside = levels.map { _ in false }
    let last = side - 1
    var front = levels.indices.filter { pixel in
      let (y, x) = pixel.quotientAndRemainder(dividingBy: side)
      return x == 0 || y == 0 || x == last || y == last
    }
    while let pixel = front.popLast() {
      guard !outside[pixel], levels[pixel] < 24 else { continue }
      outside[pixel] = true
      let (y, x) = pixel.quotientAndRemainder(dividingBy: side)
      if x > 0 { front.append(pixel - 1) }
      if x < last { front.append(pixel + 1) }
      if y > 0 { front.append(pixel - side) }
      if y < last { front.append(pixel + side) }
    }
    return outside
  }
}

extension Dataset {
  func items(_ split: String) throws -> [Item] {
    guard let found = self[split] else {
      throw ZooError.corrupt("\(path) has no split \(split)")
    }
    return found.items
  }
}

extension Item {
  func labelled() throws -> (picture: Picture, label: Int) {
    let sample = try sample()
    guard case .label(let label) = sample.truth else {
      throw ZooError.corrupt("\(name) has no label")
    }
    return (sample.picture, label)
  }

  func isLabelled(_ name: String) throws -> Bool {
    guard case .label(let label) = annotation else { return false }
    return Garment.names[label] == name
  }
}

/// `00042`
func numbered(_ index: Int) -> String {
  let digits = "\(index)"
  return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
}
