import ZooKit

extension TensorView {
  /// A read-only tensor as a single item. The view is valid while the tensor lives.
  init?(constant tensor: Tensor) {
    guard let base = tensor.withValues(\.baseAddress) else { return nil }
    self.init(UnsafeMutablePointer(mutating: base), batch: 1, shape: tensor.shape)
  }
}
