import ZooKit

/// All tasks of this program. A new one is a folder beside this file and a line in it.
public enum Tasks {
  public static let all: [any ModelTask] = [
    ClassificationTask(), SegmentationTask(), DetectionTask(), RegressionTask(),
  ]

  public static var names: [VisionTask] { all.map(\.name) }
}

extension VisionTask {
  /// The definition of the task.
  /// - Throws: this program has no such task.
  public var definition: any ModelTask {
    get throws {
      guard let task = Tasks.all.first(where: { $0.name == self }) else {
        throw ZooError.corrupt(
          "there is no task “\(rawValue)”; the tasks are "
            + Tasks.names.map(\.rawValue).joined(separator: ", "))
      }
      return task
    }
  }
}

extension Model {
  /// Rejects a model for another task, and one without a head.
  func check(isFor task: VisionTask) throws {
    guard checkpoint.task == task else {
      throw ZooError.usage("\(name) is for \(checkpoint.task.rawValue)")
    }
    guard checkpoint.head != .none else {
      throw ZooError.usage("\(name) has no head")
    }
  }
}
