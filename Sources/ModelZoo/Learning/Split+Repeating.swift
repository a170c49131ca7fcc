import ZooData

extension Split {
  /// Every picture so often: chance makes another one of it each time.
  func repeated(_ times: Int) -> Split {
    Split(name: name, items: (0..<times).flatMap { _ in items })
  }
}
