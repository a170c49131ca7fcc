import ZooKit

extension TrainingPlan {
  /// What learns, where gradients come in and what can be read. Values are named by outputs,
  /// inputs, operations or stages; a stage means the value that leaves it.
  public struct Options: Sendable {
    /// Which parameters learn; running statistics never do.
    public var trainable: @Sendable (Parameter) -> Bool = { _ in true }
    /// Operations or stages whose norms use their running statistics and leave them as they are.
    public var frozenNorms: [String] = []
    /// Values that gradients are handed to; nil is the outputs.
    public var seeds: [String]?
    /// Values to read after the forward pass besides outputs and seeds.
    public var keeping: [String] = []
    /// Values whose gradients are read after the backward pass: inputs, features.
    public var gradients: [String] = []
    /// Without it, layers that draw random numbers act as in inference.
    public var noise = true

    public init() {}
  }
}
