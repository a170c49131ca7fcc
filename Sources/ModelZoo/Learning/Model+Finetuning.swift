import ZooData
import ZooKit
import ZooStore
import ZooTraining

extension Model {
  /// This model with a head for the classes of the data, trained on it: the best epoch.
  ///
  /// ```swift
  /// let tuned = try zoo.model("resnet18")
  ///   .finetune(on: Dataset.open("ants-and-bees"), freezing: .backbone)
  /// try tuned.save(to: "ants-and-bees.h5")
  /// ```
  /// For progress, or to go on with a run that was ended, use ``FinetuningRun``.
  /// - Parameters:
  ///   - data: pictures with what is true of them.
  ///   - freezing: what keeps still; what the options say where there is none.
  ///   - options: everything else.
  ///   - folder: where the run leaves its logs; a temporary one where nil.
  public func finetune(
    on data: Dataset, freezing: Freezing.Stretch..., options: Finetuning = .init(),
    in folder: String? = nil
  ) throws -> Model {
    var options = options
    if !freezing.isEmpty {
      options.freeze = freezing.map { stretch in
        stretch.name + (stretch.until.map { "@\($0 + 1)" } ?? "")
      }
    }
    let run = try FinetuningRun(of: self, on: data, options)
    guard let folder else {
      let temporary = try TemporaryFolder()
      return try tuned(by: run, in: temporary.path)
    }
    return try tuned(by: run, in: folder)
  }

  private func tuned(by run: FinetuningRun, in folder: String) throws -> Model {
    _ = try run.train(in: folder)
    var registry = Registry()
    try registry.add(type(of: variant.architecture))
    return try Model(contentsOf: "\(folder)/best.h5", name: name, registry: registry)
  }
}
