import ModelZoo

extension BenchVerb {
  /// A whole pipeline from pictures to answers: preprocessing, network parts, and the steps between.
  struct PipelineRun: Workload {
    private let pipeline: any Pipeline
    private let pictures: [Picture]

    /// The pictures are N×C×H×W, from 0 to 1.
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
          preprocessing: architecture.preprocessing
            ?? .init(resize: .none, mean: [0, 0, 0], std: [1, 1, 1]),
          provenance: .init())
      pipeline = try checkpoint.task.definition.pipeline(
        for: Model(
          name: entry.name, checkpoint: checkpoint, variant: entry.variant, graph: entry.graph,
          weights: weights), engine: engine, precision: precision)
      let (height, width) = (images.shape[2], images.shape[3])
      let (plane, channels) = (height * width, images.shape[1])
      pictures = try images.withValues { values in
        try (0..<images.shape[0]).map { item in
          try Picture(
            width: width, height: height, channels: channels,
            pixels: (0..<plane * channels).map { index in
              let (place, channel) = index.quotientAndRemainder(dividingBy: channels)
              let value = values[(item * channels + channel) * plane + place]
              return UInt8(min(max(value * 255, 0), 255).rounded())
            })
        }
      }
    }

    func run() throws { try pipeline.run(pictures) }
    var arenaBytes: Int { pipeline.arenaBytes }
    var loss: Double? { nil }
    func outputs() throws -> Weights { try pipeline.outputs(pictures) }

    func profile() throws -> ProfileTable? {
      let (stages, whole) = try pipeline.profile(pictures, runs: 20)
      return try ProfileTable(stages, of: whole)
    }
  }
}
