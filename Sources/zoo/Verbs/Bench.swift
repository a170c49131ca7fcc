import ModelZoo
import ZooArguments

struct BenchVerb: Verb {
  let name = "bench"
  let summary = "measure how fast a model runs"
  let discussion = """
    After a warm-up, runs batches for about three seconds, at least twenty, and prints the median \
    and the best time. Weights that are not installed are replaced by random ones, which take the \
    same time. --profile prints, for every stage, the median time, the arithmetic throughput and its \
    share of the machine's peak. A Winograd convolution can exceed 100 %, because it multiplies less \
    than is counted.
    """
  let examples: KeyValuePairs = [
    "zoo bench resnet50 --batch 8": "time batches of eight pictures",
    "zoo bench resnet50 --batch 16 --train --freeze backbone": "time training steps of the head",
  ]
  let batch = Option("--batch", value: "N", default: 1, in: 1...4096, help: "pictures per batch")
  let train = Flag("--train", help: "time training steps: forward, backward, SGD with momentum")
  let freeze = Option(
    "--freeze", value: "WHAT", default: Freezing.none, help: "what to freeze with --train")
  let profile = Flag("--profile", help: "print the time of every stage")
  let raw = Flag(
    "--raw", help: "time only a detector's network, without decoding and suppression")
  let pictures = Option<String?>(
    "--input", value: "X", help: "safetensors file whose tensor “image” is the batch",
    completion: .files(endings: ["safetensors"]), isHidden: true)
  let onDemand = Flag(
    "--on-demand", help: "run the number of batches that each line of standard input says",
    isHidden: true)
  let save = Option<String?>(
    "--save", value: "X", help: "safetensors file to write the outputs of a batch to",
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
    let task = try entry.task.definition
    let weights =
      try entry.path.map { try Model(contentsOf: $0, registry: registry).weights }
      ?? task.randomWeights(for: entry.variant.architecture, entry.graph, seed: seed)
    let port = entry.graph.inputs[0]
    let shape = Shape([try input[batch]] + entry.graph.operations[port.operation].shape.sizes)
    let given = try input[pictures].map { try SafeTensors($0).tensor("image") }
    let images = try given ?? noise(shape, seed: seed)
    if try task.hasPipeline && input[train] {
      throw ZooError.usage(
        "\(entry.name) is for \(task.name.rawValue), which --train does not support")
    }
    if try !task.hasPipeline && input[raw] {
      throw ZooError.usage("\(entry.name) is for \(task.name.rawValue); --raw has no effect")
    }
    if try task.hasPipeline && !input[raw] {
      // A pipeline takes pictures of any size.
      guard images.shape.rank == 4, images.shape.sizes[..<2] == shape.sizes[..<2] else {
        throw ZooError.corrupt(
          "the pictures are \(images.shape); expected \(shape[0])×\(shape[1])×…")
      }
      return try PipelineRun(
        entry, weights, images, engine: input[Common.engine], precision: input[Common.precision])
    }
    guard images.shape == shape else {
      throw ZooError.corrupt("the pictures are \(images.shape); expected \(shape)")
    }
    guard entry.graph.inputs.count == 1 else {
      throw ZooError.usage("\(entry.name) has several parts and cannot be run with --raw")
    }
    if try input[train], try input[profile] {
      throw ZooError.usage("--profile and --train exclude each other")
    }
    guard try input[train] else {
      guard try input[freeze] == .none else {
        throw ZooError.usage("--freeze needs --train")
      }
      return try InferenceRun(entry.graph, weights, [port.name: images], engine)
    }
    guard try input[Common.precision] == .fp32 else {
      throw ZooError.usage("--train supports only fp32")
    }
    return try TrainingStep(entry.graph, weights, images, freezing: input[freeze], engine)
  }

  /// Random pictures with values between −1 and 1.
  private func noise(_ shape: Shape, seed: UInt64) throws -> Tensor {
    let key = Random(seed: seed).key("bench")
    return try Tensor(shape) { values in
      for index in values.indices { values[index] = 2 * key.uniform(index) - 1 }
    }
  }
}
