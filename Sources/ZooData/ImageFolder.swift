import ZooKit

/// A data set of classes as folders of pictures, where nothing else is expected.
///
/// ```swift
/// let tuned = try model.finetune(on: ImageFolder("ants-and-bees/train"), freezing: .backbone)
/// ```
public struct ImageFolder: Sendable {
  public let dataset: Dataset

  public init(_ path: String) throws {
    dataset = try Dataset.open(path)
    guard dataset.kind == .imageFolder else {
      throw ZooError.corrupt(
        "\(path) is a data set of kind \(dataset.kind.rawValue); expected folders of pictures")
    }
  }
}
