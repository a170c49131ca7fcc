/// Optimisers by the names that users type.
public enum OptimizerKind: String, Sendable, CaseIterable {
  case sgd, adam, adamw, rmsprop

  /// - Parameter momentum: for SGD (default 0.9) and RMSprop (default 0).
  public func optimizer(momentum: Double? = nil) -> any Optimizer {
    switch self {
    case .sgd: SGD(momentum: momentum ?? 0.9)
    case .adam: Adam()
    case .adamw: AdamW()
    case .rmsprop: RMSprop(momentum: momentum ?? 0)
    }
  }
}
