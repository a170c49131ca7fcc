import ModelZoo
import ZooArguments

struct BenchVerb: Verb {
  let name = "bench"
  let summary = "how fast a model runs on this machine"
  let discussion = """
    Runs batches for about three seconds after a warm-up, at least twenty, and shows the median and \
    the best. Where the weights are not here, seeded random ones serve: the time is the same. \
    --profile shows where the time goes: for every stage the median, the arithmetic it stands for \
    and how much of what this machine can do that is. A Winograd convolution may exceed 100 %, for \
    it takes fewer multiplications than are counted.
    """
  let examples: KeyValuePairs = [
    "zoo bench resnet50 --batch 8": "batches of eight pictures",
    "zoo bench resnet50 --batch 16 --train --freeze backbone": "steps of training the head",
  ]
  let batch = Option("--batch", value: "N", default: 1, in: 1...4096, help: "pictures at a time")
  let train = Flag("--train", help: "time steps of training: forward, backward, SGD with momentum")
  let freeze = Option(
    "--freeze", value: "WHAT", default: Freezing.none, help: "what does not learn in --train")
  let profile = Flag("--profile", help: "the time of every stage")
  let raw = Flag(
    "--raw", help: "of a detector its network alone, without what is made of its answers")
  let pictures = Option<String?>(
    "--input", value: "X", help: "the batch, the tensor “image” of a safetensors file",
    completion: .files(endings: ["safetensors"]), isHidden: true)
  let onDemand = Flag(
    "--on-demand", help: "as many batches as each line of standard input asks for", isHidden: true)
  let save = Option<String?>(
    "--save", value: "X", help: "a safetensors file for the outputs of a batch",
    completion: .files(endings: ["safetensors"]), isHidden: true)
  var arguments: [any Argument] {
    [Common.model, batch, train, freeze, profile, raw, Common.precision, pictures, onDemand, save]
  }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    let entry = try zoo.entry(input[Common.model])
    let engine = try input[Common.engine].engine(for: input[Common.precision])
    let workload = try workload(input, entry, engine, registry: zoo.registry)
    if let path = try input[save] { try SafeTensors.write(workload.outputs(), to: path) }
    if try input[onDemand] { return try serve(workload, of: entry.name, on: engine) }

    let clock = ContinuousClock()
    let start = clock.now
    var times: [Double] = []
    for run in -3..<1000 where run < 20 || start.duration(to: clock.now) < .seconds(3) {
      let time = try clock.measure { try workload.run() }
      if run >= 0 { times.append(time / .milliseconds(1)) }
    }
    times.sort()
    let count = try input[batch]
    let median = times[times.count / 2]
    let rate = Double(count) / median * 1000
    let lines = try input[profile] ? try workload.profile() : nil
    if try input.wantsJSON {
      var result: [(key: String, value: JSON)] = [
        ("model", JSON(entry.name)), ("engine", JSON(engine.name)),
        ("precision", JSON(try input[Common.precision].rawValue)),
        ("threads", JSON(Threads.count)), ("batch", JSON(count)), ("median_ms", JSON(median)),
        ("min_ms", JSON(times[0])), ("images_per_s", JSON(rate)),
      ]
      if try input[train] { result.append(("freeze", JSON(try input[freeze].rawValue))) }
      if let lines { result.append(("profile", lines.json)) }
      return emit(JSON(.object(result)))
    }
    let work = try input[train] ? "training" : "inference"
    print(
      """
      \(entry.name), \(work), \(engine.name), \(Threads.count) threads, batch \(count)
      median \(decimal(median, digits: 2)) ms, best \(decimal(times[0], digits: 2)) ms, \
      \(decimal(rate, digits: 1)) pictures/s
      """)
    if let lines { print(lines.text) }
  }

  private func workload(
    _ input: Parsed, _ entry: Entry, _ engine: any Engine, registry: Registry
  ) throws -> any Workload {
    let seed = UInt64(try input[Common.seed])
    let weights =
      try entry.path.map { try Model(contentsOf: $0, registry: registry).weights }
      ?? Weights(randomFor: entry.graph, seed: seed)
    let port = entry.graph.inputs[0]
    let shape = Shape([try input[batch]] + entry.graph.operations[port.operation].shape.sizes)
    let given = try input[pictures].map { try SafeTensors($0).tensor("image") }
    let images = try given ?? noise(shape, seed: seed)
    let isDetector = entry.variant.architecture is any Detector
    if try isDetector && input[train] {
      throw ZooError.usage("\(entry.name) is a detector; --train knows networks of one part")
    }
    if try !isDetector && input[raw] {
      throw ZooError.usage("\(entry.name) is no detector; --raw is of no use")
    }
    if try isDetector && !input[raw] {
      // It prepares pictures of any size.
      guard images.shape.rank == 4, images.shape.sizes[..<2] == shape.sizes[..<2] else {
        throw ZooError.corrupt(
          "the pictures are \(images.shape), \(shape[0])×\(shape[1])×… was expected")
      }
      return try DetectionRun(
        entry, weights, images, engine: input[Common.engine], precision: input[Common.precision])
    }
    guard images.shape == shape else {
      throw ZooError.corrupt("the pictures are \(images.shape), \(shape) was expected")
    }
    guard entry.graph.inputs.count == 1 else {
      throw ZooError.usage("\(entry.name) decides between its parts; without --raw it does so")
    }
    if try input[train], try input[profile] {
      throw ZooError.usage("--profile shows inference and does not go with --train")
    }
    guard try input[train] else {
      guard try input[freeze] == .none else {
        throw ZooError.usage("--freeze is of use with --train only")
      }
      return try InferenceRun(entry.graph, weights, [port.name: images], engine)
    }
    guard try input[Common.precision] == .fp32 else {
      throw ZooError.usage("--train computes in fp32 only")
    }
    return try TrainingStep(entry.graph, weights, images, freezing: input[freeze], engine)
  }

  /// Pictures of nothing, between −1 and 1.
  private func noise(_ shape: Shape, seed: UInt64) throws -> Tensor {
    let key = Random(seed: seed).key("bench")
    return try Tensor(shape) { values in
      for index in values.indices { values[index] = 2 * key.uniform(index) - 1 }
    }
  }
}
