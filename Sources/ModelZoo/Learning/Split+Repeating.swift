import ZooData

extension Split {
  /// Every picture repeated; random augmentation makes each occurrence different.
  func repeated(_ times: Int) -> Split {
    Split(name: name, items: (0..<times).flatMap { _ in items })
  }
}
