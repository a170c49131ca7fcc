import ZooKit

extension Dataset {
  /// The data set with one split in place of its own.
  public func keeping(_ split: Split) throws -> Dataset {
    try Dataset(path, kind, task, classes: classes, splits: [split], warnings: warnings)
  }
}
