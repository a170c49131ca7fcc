/// Optimisers by the names that users type.
public enum OptimizerKind: String, Sendable, CaseIterable {
  case sgd, adam, adamw, rmsprop

  /// - Parameter momentum: of SGD (0.9 where nil) and RMSprop (0 where nil).
  public func optimizer(momentum: Double? = nil) -> any Optimizer {
    switch self {
    case .sgd: SGD(momentum: momentum ?? 0.9)
    case .adam: Adam()
    case .adamw: AdamW()
    case .rmsprop: RMSprop(momentum: momentum ?? 0)
    }
  }
}
