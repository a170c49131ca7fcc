import ZooData
import ZooKit
import ZooStore
import ZooTraining

extension Model {
  /// Trains this model with a head for the data's classes and returns the best epoch.
  ///
  /// ```swift
  /// let tuned = try zoo.model("resnet18")
  ///   .finetune(on: Dataset.open("ants-and-bees"), freezing: .backbone)
  /// try tuned.save(to: "ants-and-bees.h5")
  /// ```
  /// For progress, or to resume an interrupted run, use ``FinetuningRun``.
  /// - Parameters:
  ///   - data: pictures with annotations.
  ///   - freezing: what to freeze; nil means as the options say.
  ///   - options: all other options.
  ///   - folder: the folder of the run; nil means a temporary one.
  public func finetune(
    on data: Dataset, freezing: Freezing.Stretch..., options: Finetuning = .init(),
    in folder: String? = nil
  ) throws -> Model {
    try finetune(on: data, freezing, options, in: folder)
  }

  /// The same for classes as folders of pictures.
  public func finetune(
    on data: ImageFolder, freezing: Freezing.Stretch..., options: Finetuning = .init(),
    in folder: String? = nil
  ) throws -> Model {
    try finetune(on: data.dataset, freezing, options, in: folder)
  }

  private func finetune(
    on data: Dataset, _ freezing: [Freezing.Stretch], _ options: Finetuning, in folder: String?
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
    _ = try run.test(in: folder)
    var registry = Registry()
    try registry.add(type(of: variant.architecture))
    return try Model(contentsOf: "\(folder)/best.h5", name: name, registry: registry)
  }
}
