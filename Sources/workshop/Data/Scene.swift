import ModelZoo
import ZooKit

/// Several garments of different sizes and colours on a texture, later ones over earlier ones: a
/// picture, the class of each pixel, and a box around the visible part of each garment.
struct Scene {
  static let side = 128
  /// The smallest visible share of a garment.
  private static let leastSeen = 0.6
  /// Sharp borders: a pixel belongs to a garment if half of it does.
  private static let half: UInt8 = 128

  /// The garment at each pixel, by its index in `things`; −1 is background.
  private var owners = [Int](repeating: -1, count: side * side)
  private var colours: [SIMD3<Float>]
  private var things: [(kind: Int, area: Int)] = []

  /// - Parameters:
  ///   - random: the random numbers of this scene.
  ///   - wardrobe: the garments of each class.
  init(_ random: Random, from wardrobe: [[Item]]) throws {
    colours = Texture(random).drawn(side: Scene.side)
    let count = 2 + random.below(4, 0)
    for index in 0..<count {
      let random = random.key(index)
      let kind = random.below(Garment.kinds.count, 0)
      let item = wardrobe[kind][random.below(wardrobe[kind].count, 1)]
      let garment = try Garment(item.labelled().picture)
      let tint = rgb(
        hue: random.uniform(2), saturation: 0.9 * random.uniform(3),
        value: 0.75 + 0.25 * random.uniform(4))
      let scale =
        Float(28 + random.below(40, 5))
        / Float(max(garment.picture.width, garment.picture.height))
      let size = Window.Size(
        max(8, Int(Float(garment.picture.height) * scale)),
        max(8, Int(Float(garment.picture.width) * scale)))
      lay(try garment.picture.resized(to: size), kind, tint, random.key("place"))
    }
  }

  /// Places a garment where enough of the others stays visible, or not at all.
  private mutating func lay(
    _ garment: Picture, _ kind: Int, _ tint: SIMD3<Float>, _ random: Random
  ) {
    garment.withPixels { pixels in
      for attempt in 0..<20 {
        let left = random.below(Scene.side - garment.width, 2 * attempt)
        let top = random.below(Scene.side - garment.height, 2 * attempt + 1)
        func place(_ pixel: Int) -> Int {
          (top + pixel / garment.width) * Scene.side + left + pixel % garment.width
        }
        let opaque = (0..<garment.width * garment.height).filter {
          pixels[4 * $0 + 3] >= Scene.half
        }
        var seen = owners
        for pixel in opaque { seen[place(pixel)] = things.count }
        let remains = things.indices.allSatisfy { index in
          Double(seen.count { $0 == index }) >= Scene.leastSeen * Double(things[index].area)
        }
        guard remains else { continue }
        owners = seen
        things.append((kind, opaque.count))
        for pixel in 0..<garment.width * garment.height {
          let (level, alpha) = (
            Float(pixels[4 * pixel]) / 255, Float(pixels[4 * pixel + 3]) / 255
          )
          let under = colours[place(pixel)]
          colours[place(pixel)] = under + (tint * (0.2 + 0.8 * level) - under) * alpha
        }
        return
      }
    }
  }

  var picture: Picture {
    get throws {
      try Picture(
        width: Scene.side, height: Scene.side, channels: 3,
        pixels: colours.flatMap { colour in
          (0..<3).map { UInt8(255 * min(max(colour[$0], 0), 1) + 0.5) }
        })
    }
  }

  /// 0 is background, followed by the classes.
  var mask: Picture {
    get throws {
      try Picture(
        width: Scene.side, height: Scene.side, channels: 1,
        pixels: owners.map { $0 < 0 ? 0 : UInt8(1 + things[$0].kind) })
    }
  }

  /// In YOLO's format: class, centre, width and height relative to the picture.
  var labels: String {
    things.indices.map { index in
      let pixels = owners.indices.filter { owners[$0] == index }
      let (columns, rows) = (pixels.map { $0 % Scene.side }, pixels.map { $0 / Scene.side })
      let (left, right) = (columns.min() ?? 0, 1 + (columns.max() ?? 0))
      let (top, bottom) = (rows.min() ?? 0, 1 + (rows.max() ?? 0))
      let numbers = [left + right, top + bottom, 2 * (right - left), 2 * (bottom - top)]
      return
        ([things[index].kind.description]
        + numbers.map { "\(Double($0) / Double(2 * Scene.side))" }).joined(separator: " ") + "\n"
    }.joined()
  }
}

extension Scene {
  /// Masks have more scenes: a U-Net trained on 3,000 had a mean IoU of 0.85 on them and 0.79 on
  /// others.
  static let splits = [
    (name: "train", boxes: 3000, masks: 12000), (name: "val", boxes: 300, masks: 300),
    (name: "test", boxes: 600, masks: 600),
  ]

  /// Training scenes are made from Fashion-MNIST's training pictures, all others from its test
  /// pictures. `boxes/` is in YOLO's layout, `masks/` has pictures and masks.
  static func writeAll(of fashion: Dataset, to folder: DataFolder) throws {
    let names = Garment.kinds.enumerated().map { "  \($0.offset): \($0.element)\n" }.joined()
    try folder.folder("boxes")
    try folder.write(
      "train: images/train\nval: images/val\ntest: images/test\nnames:\n\(names)", "boxes/data.yaml"
    )
    try folder.folder("masks")
    try folder.write(
      (["background"] + Garment.kinds).enumerated().map { "\($0.offset) \($0.element)\n" }.joined(),
      "masks/classes.txt")
    let palette = Colour.palette(of: Garment.kinds.count + 1, background: 0)
    for split in splits {
      for place in ["images", "labels"] { try folder.folder("boxes/\(place)/\(split.name)") }
      for place in ["images", "masks"] { try folder.folder("masks/\(split.name)/\(place)") }
      for (index, scene) in try scenes(of: fashion, split.name, split.masks).enumerated() {
        let scene = try scene()
        let name = numbered(index)
        let picture = "masks/\(split.name)/images/\(name).png"
        try folder.write(scene.picture.png, picture)
        try folder.write(
          scene.mask.png(palette: palette), "masks/\(split.name)/masks/\(name).png")
        guard index < split.boxes else { continue }
        try folder.link(picture, as: "boxes/images/\(split.name)/\(name).png")
        try folder.write(scene.labels, "boxes/labels/\(split.name)/\(name).txt")
      }
    }
  }

  /// Only the pictures of the first test scenes.
  static func writeFew(of fashion: Dataset, to folder: DataFolder) throws {
    for (index, scene) in try scenes(of: fashion, "test", 12).enumerated() {
      try folder.write(scene().picture.png, "\(numbered(index)).png")
    }
  }

  /// Each scene is made on demand, independently of the others.
  private static func scenes(
    of fashion: Dataset, _ split: String, _ count: Int
  ) throws -> [() throws -> Scene] {
    var wardrobe = Garment.kinds.map { _ in [Item]() }
    for item in try fashion.items(split == "train" ? "train" : "test") {
      wardrobe[Garment.kindOfLabel[try item.labelled().label]].append(item)
    }
    let random = Random(seed: 0).key("scenes").key(split)
    return (0..<count).map { index in { try Scene(random.key(index), from: wardrobe) } }
  }
}
