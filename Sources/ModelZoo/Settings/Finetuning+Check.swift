import ZooKit

extension Finetuning {
  /// Throws if a setting is out of range or contradicts another one.
  package func check() throws {
    for setting in Setting.all { try setting.check(self) }
    if steps == nil, let warmup, let epochs, warmup > Double(epochs) {
      throw ZooError.usage("“warmup” is \(warmup) epochs, but the run has only \(epochs)")
    }
    if let warmupSteps, let warmup {
      throw ZooError.usage(
        "“warmup” is \(warmup) epochs and “warmup-steps” is \(warmupSteps); give one of them")
    }
    try checkAveraging()
    try checkParts()
    for (numbers, name) in [(mean, "mean"), (std, "std")] {
      guard let count = numbers?.numbers.count else { continue }
      guard scratch else {
        throw ZooError.usage("“\(name)” is for networks that start from random weights (scratch)")
      }
      guard [1, 3].contains(count) else {
        throw ZooError.usage("“\(name)” has \(count) numbers; expected one for each channel")
      }
    }
  }

  private func checkAveraging() throws {
    guard let swa else { return }
    if average != nil {
      throw ZooError.usage("“swa” and “average” are two means of the weights; give one of them")
    }
    if patience != nil {
      throw ZooError.usage("“swa” averages the last epochs, which “patience” may not reach")
    }
    if steps == nil, let epochs, swa > epochs {
      throw ZooError.usage("“swa” is \(swa) epochs, but the run has only \(epochs)")
    }
  }

  private func checkParts() throws {
    let shares = (validation ?? 0) + (test ?? 0)
    guard shares < 0.95 else {
      throw ZooError.usage(
        "“validation” and “test” take \(shares) of the pictures; too few are left to learn from")
    }
    guard folds != nil || fold != nil else { return }
    guard let folds else { throw ZooError.usage("“fold” needs “folds”, the number of all folds") }
    if let fold, fold > folds { throw ZooError.usage("“fold” is \(fold) of \(folds) folds") }
    if test != nil {
      throw ZooError.usage("“folds” and “test” exclude each other: each fold is a test")
    }
  }

  /// Throws if a setting does not apply to the model's task.
  func check(for model: Model) throws {
    let task = model.checkpoint.task
    for setting in Setting.all { try setting.check(self, for: task, of: model.name) }
  }
}
