/// The name of a task. A checkpoint may be for a task that this program does not know; the known
/// ones are defined by the types that conform to `ModelTask`, in ModelZoo.
public struct VisionTask: RawRepresentable, Hashable, Sendable {
  public let rawValue: String

  public init(rawValue: String) { self.rawValue = rawValue }

  public static let classification = VisionTask(rawValue: "classification")
  public static let segmentation = VisionTask(rawValue: "segmentation")
  public static let detection = VisionTask(rawValue: "detection")
  public static let regression = VisionTask(rawValue: "regression")
}

/// The form of a network's outputs.
public enum OutputForm: Sendable {
  /// The output `logits` has one number for each class; any head over pooled features will do.
  case vector
  /// The output `logits` is a map with one channel for each class, or with one channel for two.
  case map
  /// Outputs that only the family's own code can read.
  case parts
}
