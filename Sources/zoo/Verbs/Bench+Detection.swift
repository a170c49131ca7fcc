import ModelZoo

extension BenchVerb {
  /// Prepared pictures in, boxes out: every part of a detector and what is decided between them.
  struct DetectionRun: Workload {
    private let detector: ObjectDetector
    private let batch: PictureBatch

    init(
      _ entry: Entry, _ weights: Weights, _ images: Tensor, engine: EngineChoice,
      precision: Precision
    ) throws {
      let architecture = entry.variant.architecture
      let checkpoint =
        entry.checkpoint
        ?? Checkpoint(
          family: entry.variant.family, variant: entry.variant.name, task: architecture.task,
          classes: (0..<architecture.classes).map(String.init), input: architecture.input,
          preprocessing: .init(resize: .none, mean: [0, 0, 0], std: [1, 1, 1]),
          provenance: .init())
      detector = try ObjectDetector(
        Model(
          name: entry.name, checkpoint: checkpoint, variant: entry.variant, graph: entry.graph,
          weights: weights), engine: engine, precision: precision)
      let size = Window.Size(images.shape[2], images.shape[3])
      batch = PictureBatch(images, sizes: Array(repeating: size, count: images.shape[0]))
    }

    func run() throws { _ = try detector.detect(in: batch) }
    var arenaBytes: Int { detector.arenaBytes }
    var loss: Double? { nil }
    func profile() throws -> ProfileTable? { nil }
  }
}
