import ZooData
import ZooKit

// One class and what is none of it: two channels and a softmax can say that, and so can one channel
// and a sigmoid, as networks that are published for it do.

extension Model {
  /// The data with the numbers that the run learns: where one channel tells a class from the
  /// background, 0 is the background. Settles ``Finetuning/binary``.
  func learned(_ data: Dataset, _ options: inout Finetuning) throws -> Dataset {
    let names = data.background.map { [data.classes[$0], data.classes[1 - $0]] }
    let stays = checkpoint.task == .segmentation && checkpoint.classes.count == 1
    guard options.binary ?? (stays && !options.scratch && names != nil) else { return data }
    guard checkpoint.task == .segmentation, let names else {
      throw ZooError.usage(
        "“binary” needs masks of two classes, one of them called “background” (classes.txt names "
          + "them); the classes of \(data.path) are "
          + data.classes.map(\.printable).joined(separator: ", "))
    }
    options.binary = true
    return try data.numbered(as: names, of: name)
  }
}

extension Finetuning {
  /// The classes that the network has an output for.
  func names(of data: Dataset) -> [String] {
    binary == true ? Array(data.classes.dropFirst()) : data.classes
  }
}

extension Dataset {
  /// Which of two classes is none.
  fileprivate var background: Int? {
    guard task == .segmentation, classes.count == 2 else { return nil }
    return classes.firstIndex { $0.lowercased() == "background" }
  }
}
