import ModelZoo
import ZooKit

/// Eight of the ten classes for long training, and a few dozen pictures of the other two, which are
/// easily confused, to fine-tune a network that knows the eight.
struct TransferTask {
  static let heldOut = ["Pullover", "Coat"]
  static let shots = 24
  static let judges = 50

  let fashion: Dataset

  init(_ fashion: Dataset) { self.fashion = fashion }

  /// In IDX format, like the original.
  func writeEight(to folder: DataFolder) throws {
    let kept = Garment.names.filter { !TransferTask.heldOut.contains($0) }
    for (split, prefix) in [("train", "train"), ("test", "t10k")] {
      var (pixels, labels): ([UInt8], [UInt8]) = ([], [])
      for item in try fashion.items(split) {
        let (picture, label) = try item.labelled()
        guard let index = kept.firstIndex(of: Garment.names[label]) else { continue }
        pixels += picture.pixels
        labels.append(UInt8(index))
      }
      try folder.write(
        idx([labels.count, Garment.side, Garment.side]) + pixels, "\(prefix)-images-idx3-ubyte")
      try folder.write(idx([labels.count]) + labels, "\(prefix)-labels-idx1-ubyte")
    }
    try folder.write(kept.joined(separator: "\n") + "\n", "classes.txt")
  }

  /// One folder per class. The first pictures of the set are for training, the next for validation;
  /// its test split is the test.
  func writeTwo(to folder: DataFolder) throws {
    for name in TransferTask.heldOut {
      for split in ["train", "val", "test"] { try folder.folder("\(split)/\(name)") }
      let all = try fashion.items("train").lazy.filter { try $0.isLabelled(name) }
      let few = all.prefix(TransferTask.shots + TransferTask.judges).enumerated().map {
        ($0.offset < TransferTask.shots ? "train" : "val", $0.element)
      }
      let tests = try fashion.items("test").filter { try $0.isLabelled(name) }.map { ("test", $0) }
      for (index, (split, item)) in (few + tests).enumerated() {
        try folder.write(
          item.labelled().picture.png, "\(split)/\(name)/\(numbered(index)).png")
      }
    }
  }

  /// The header of an IDX file of bytes.
  private func idx(_ sizes: [Int]) -> [UInt8] {
    [0, 0, 8, UInt8(sizes.count)]
      + sizes.flatMap { size in stride(from: 24, through: 0, by: -8).map { UInt8(size >> $0 & 255) }
      }
  }
}
