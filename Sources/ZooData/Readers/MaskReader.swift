import ZooKit
import ZooVision

/// Maps the pixel values of a mask to classes.
public struct MaskValues: Hashable, Sendable {
  /// In the order of the classes; colours as 0xRRGGBB, grey levels as themselves.
  public let values: [UInt32]
  /// The class of each grey level; ``Truth/ignored`` if it has none.
  private let levels: [UInt8]
  /// Whether level 255 means unknown, as in VOC.
  public let ignores255: Bool
  /// Whether some values are colours, which are then looked up in the palette. Otherwise palette
  /// indices are the values.
  public var areColours: Bool { values.contains { $0 > 255 && $0 != .max } }

  init(_ values: [UInt32], ignores255: Bool = false) {
    self.values = values
    self.ignores255 = ignores255
    var levels = Array(repeating: Truth.ignored, count: 256)
    for (index, value) in values.enumerated() where value < 256 {
      levels[Int(value)] = UInt8(index)
    }
    self.levels = levels
  }

  /// The same values with other class numbers. A class without a value in this data set gets one
  /// that no pixel has.
  func numbered(_ numbers: [Int], of count: Int) -> MaskValues {
    var moved = Array(repeating: UInt32.max, count: count)
    for (number, value) in zip(numbers, values) { moved[number] = value }
    return MaskValues(moved, ignores255: ignores255)
  }

  /// Reads a mask file as classes.
  func classes(ofMask path: String) throws -> Picture {
    try classes(of: Picture(contentsOf: path, asNumbers: !areColours), path)
  }

  /// Converts a mask to classes.
  func classes(of mask: Picture, _ path: String) throws -> Picture {
    func unknown(_ value: UInt32) -> ZooError {
      .corrupt(
        "\(path) has pixels of value \(text(of: value)); "
          + "expected \(values.map(text).joined(separator: ", "))")
    }
    var result = try Picture(width: mask.width, height: mask.height, channels: 1)
    try result.withMutablePixels { classes in
      try mask.withPixels { pixels in
        if mask.channels == 1 {
          var seen = [Bool](repeating: false, count: 256)
          for index in classes.indices {
            let level = Int(pixels[index])
            classes[index] = levels[level]
            seen[level] = true
          }
          for level in 0..<256 where seen[level] && levels[level] == Truth.ignored {
            if level == 255, ignores255 { continue }
            throw unknown(UInt32(level))
          }
          return
        }
        var last: (value: UInt32, index: UInt8)?
        for pixel in classes.indices {
          let value = MaskValues.value(pixels, pixel * mask.channels)
          if last?.value != value {
            guard let index = values.firstIndex(of: value) else {
              if value == 255, ignores255 {
                last = (value, Truth.ignored)
                classes[pixel] = Truth.ignored
                continue
              }
              throw unknown(value)
            }
            last = (value, UInt8(index))
          }
          classes[pixel] = last?.index ?? 0
        }
      }
    }
    return result
  }

  /// Grey in three channels counts as a grey level.
  static func value(_ pixels: UnsafeBufferPointer<UInt8>, _ start: Int) -> UInt32 {
    let (r, g, b) = (pixels[start], pixels[start + 1], pixels[start + 2])
    return r == g && g == b ? UInt32(r) : UInt32(r) << 16 | UInt32(g) << 8 | UInt32(b)
  }

  static func values(of mask: Picture) -> Set<UInt32> {
    mask.withPixels { pixels in
      if mask.channels == 1 {
        var seen = [Bool](repeating: false, count: 256)
        for level in pixels { seen[Int(level)] = true }
        return Set((0..<256).filter { seen[$0] }.map { UInt32($0) })
      }
      var (found, last) = (Set<UInt32>(), nil as UInt32?)
      for start in stride(from: 0, to: pixels.count, by: mask.channels) {
        let value = MaskValues.value(pixels, start)
        if value != last { found.insert(value) }
        last = value
      }
      return found
    }
  }

  private func text(of value: UInt32) -> String { MaskReader.name(of: value) }
}

/// Pictures and masks with the same names: `images/` and `masks/`, or `image/` and `label/`, at the
/// top or in a folder per split.
///
/// `classes.txt` names the values, one per line: `0 background`, `255 cell`, `255,0,0 nucleus`; or
/// only names, for 0, 1, 2, …. Without it the classes are the values found in the masks, named by
/// their numbers, and none is assumed to be background. In a palette PNG the values are its
/// indices, unless `classes.txt` has colours.
struct MaskReader {
  let path: String

  init(_ path: String) { self.path = path }

  private static let pictureNames = ["images", "image", "imgs"]
  private static let maskNames = ["masks", "mask", "labels", "label"]
  /// With more values it is a photograph, or a mask stored as JPEG.
  private static let mostClasses = 64
  /// The number of masks, spread over all, that are searched for values.
  private static let searched = 200

  private static func pair(in folder: Folder) throws -> (pictures: Folder, masks: Folder)? {
    for name in pictureNames where folder.folders.contains(name) {
      for other in maskNames where folder.folders.contains(other) {
        guard let pictures = try Folder(folder.path(name)),
          let masks = try Folder(folder.path(other))
        else { continue }
        if !pictures.pictures.isEmpty, !masks.pictures.isEmpty { return (pictures, masks) }
      }
    }
    return nil
  }

  static func evidence(in folder: Folder) throws -> String? {
    func text(_ prefix: String, _ pair: (pictures: Folder, masks: Folder)) -> String {
      "\(prefix)\(lastName(of: pair.pictures.path))/, \(prefix)\(lastName(of: pair.masks.path))/"
    }
    if let pair = try pair(in: folder) { return text("", pair) }
    for name in folder.folders where splitNames[name.lowercased()] != nil {
      if let below = try Folder(folder.path(name)), let pair = try pair(in: below) {
        return text("\(name)/", pair)
      }
    }
    return nil
  }

  /// A picture and its mask, by their paths.
  struct Pair {
    let split, picture, mask: String
  }

  func dataset() throws -> Dataset {
    guard let folder = try Folder(path) else { throw ZooError.notFound("\(path) does not exist") }
    var flaws = Flaws(path)
    var pairs: [Pair] = []
    var total = 0
    func add(_ split: String, _ pair: (pictures: Folder, masks: Folder)) {
      var masks: [String: String] = [:]
      for file in pair.masks.pictures {
        // `1_mask.png` belongs to `1.png`.
        var name = stem(of: file)
        for ending in ["_mask", "-mask", "_label", "_labels"] where name.hasSuffix(ending) {
          name.removeLast(ending.count)
        }
        masks[name] = file
      }
      for file in pair.pictures.pictures {
        total += 1
        if let mask = masks[stem(of: file)] {
          pairs.append(
            Pair(
              split: split, picture: pair.pictures.path(file), mask: pair.masks.path(mask)))
        } else {
          flaws.drop("\(pair.pictures.path(file)) has no mask in \(pair.masks.path)")
        }
      }
    }
    if let pair = try MaskReader.pair(in: folder) { add("all", pair) }
    for name in folder.folders {
      guard let split = splitNames[name.lowercased()], let below = try Folder(folder.path(name))
      else { continue }
      if let pair = try MaskReader.pair(in: below) {
        add(split, pair)
      } else {
        flaws.note("\(path)/\(name) has no masks and is skipped")
      }
    }
    return try dataset(of: pairs, total, flaws)
  }

  func dataset(of pairs: [Pair], _ total: Int, _ flaws: Flaws) throws -> Dataset {
    // Report missing masks before broken files.
    _ = try flaws.warnings(of: total)
    let (values, classes) = try stated() ?? found(pairs.map(\.mask))
    let prefix = path.count + 1
    var splits: [Split] = []
    for split in ["train", "val", "test", "all"] {
      let items = pairs.filter { $0.split == split }.map { pair in
        Item(
          name: String(pair.picture.dropFirst(prefix)), source: .file(pair.picture),
          annotation: .mask(path: pair.mask, values))
      }
      splits.append(Split(name: split, items: items))
    }
    return try Dataset(
      path, .masks, .segmentation, classes: classes, splits: splits,
      warnings: flaws.warnings(of: total))
  }

  /// The classes in `classes.txt`.
  private func stated() throws -> (MaskValues, [String])? {
    let file = "\(path)/classes.txt"
    guard let text = try? lines(of: file, most: 1 << 20), !text.isEmpty else { return nil }
    var (values, names): ([UInt32], [String]) = ([], [])
    for (index, line) in text.enumerated() {
      let words = line.split(separator: " ", maxSplits: 1)
      let numbers = words[0].split(separator: ",").map { UInt32($0) }
      let isNumbered = words.count == 2 && numbers.allSatisfy { $0 != nil && ($0 ?? 256) < 256 }
      let parts = numbers.compactMap(\.self)
      switch (isNumbered, parts.count) {
      case (true, 1): values.append(parts[0])
      case (true, 3): values.append(parts[0] << 16 | parts[1] << 8 | parts[2])
      case (false, _) where values == (0..<UInt32(index)).map(\.self): values.append(UInt32(index))
      default: throw ZooError.corrupt("\(file), line \(index + 1): expected “0 name”")
      }
      names.append(isNumbered ? trimmed(words[1]) : line)
    }
    guard Set(values).count == values.count, values.count <= MaskReader.mostClasses else {
      throw ZooError.corrupt("\(file): values repeat, or are more than \(MaskReader.mostClasses)")
    }
    return (MaskValues(values, ignores255: !values.contains(255)), names)
  }

  /// The classes found in the masks.
  private func found(_ masks: [String]) throws -> (MaskValues, [String]) {
    var all: Set<UInt32> = []
    var broken: String?
    let step = max(1, masks.count / MaskReader.searched)
    for index in stride(from: 0, to: masks.count, by: step) {
      // A broken mask is reported when its picture is read.
      let mask: Picture
      do {
        mask = try Picture(contentsOf: masks[index], asNumbers: true)
      } catch {
        broken = broken ?? "\(error)"
        continue
      }
      all.formUnion(MaskValues.values(of: mask))
      guard all.count <= MaskReader.mostClasses else {
        throw ZooError.corrupt(
          "\(masks[index]): the masks have more than \(MaskReader.mostClasses) values; masks are "
            + "PNG files with one value for each class")
      }
    }
    var values = all.sorted()
    guard !values.isEmpty else {
      throw ZooError.corrupt("\(path): none of the masks can be read; the first: \(broken ?? "")")
    }
    // 0, 1, 2, … and 255: the last is VOC's border of unknown class.
    let isBorder =
      values.count > 2 && values.last == 255 && values.dropLast().allSatisfy { $0 < 128 }
    if isBorder { values.removeLast() }
    return (MaskValues(values, ignores255: isBorder), values.map(MaskReader.name))
  }

  /// `7`, or `255,0,128`.
  static func name(of value: UInt32) -> String {
    value < 256 ? "\(value)" : "\(value >> 16),\(value >> 8 & 255),\(value & 255)"
  }
}
