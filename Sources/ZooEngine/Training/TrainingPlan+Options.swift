import ZooKit

extension TrainingPlan {
  /// Which parameters learn, where gradients enter, and which values can be read. Values are named
  /// by outputs, inputs, operations or stages; a stage means its last value.
  public struct Options: Sendable {
    /// Which parameters learn; running statistics never do.
    public var trainable: @Sendable (Parameter) -> Bool = { _ in true }
    /// Operations or stages whose norms use their running statistics and do not update them.
    public var frozenNorms: [String] = []
    /// Values whose gradients can be passed to backward; nil means the outputs.
    public var seeds: [String]?
    /// Values to read after forward, besides outputs and seeds.
    public var keeping: [String] = []
    /// Values whose gradients are read after backward: inputs, features.
    public var gradients: [String] = []
    /// Whether layers draw random numbers; otherwise they act as in inference.
    public var noise = true

    public init() {}
  }
}
