import ZooKit

extension Finetuning {
  /// Throws if a setting is out of range or contradicts another one.
  package func check() throws {
    for setting in Setting.all { try setting.check(self) }
    if steps == nil, warmup > Double(epochs) {
      throw ZooError.usage("“warmup” is \(warmup) epochs, but the run has only \(epochs)")
    }
    if let warmupSteps, warmup > 0 {
      throw ZooError.usage(
        "“warmup” is \(warmup) epochs and “warmup-steps” is \(warmupSteps); give one of them")
    }
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

  /// Throws if a setting does not apply to the model's task.
  func check(for model: Model) throws {
    let task = model.checkpoint.task.rawValue
    for setting in Setting.all { try setting.check(self, for: task, of: model.name) }
  }
}
