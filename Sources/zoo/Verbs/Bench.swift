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
  let examples: KeyValuePairs = ["zoo bench resnet50 --batch 8": "batches of eight pictures"]
  let batch = Option("--batch", value: "N", default: 1, in: 1...4096, help: "pictures at a time")
  let profile = Flag("--profile", help: "the time of every stage")
  var arguments: [any Argument] { [Common.model, batch, profile, Common.precision] }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    let entry = try zoo.entry(input[Common.model])
    let engine = try input[Common.engine].engine(for: input[Common.precision])
    let seed = UInt64(try input[Common.seed])
    let weights =
      try entry.path.map { try Model(contentsOf: $0, registry: zoo.registry).weights }
      ?? Weights(randomFor: entry.graph, seed: seed)
    let count = try input[batch]
    let plan = try InferencePlan(entry.graph, weights, batch: count, engine: engine)
    let (port, shape) = plan.inputs[0]
    let key = Random(seed: seed).key("bench")
    let pictures = try Tensor(Shape([count] + shape.sizes)) { values in
      for index in values.indices { values[index] = 2 * key.uniform(index) - 1 }
    }

    let clock = ContinuousClock()
    let start = clock.now
    var times: [Double] = []
    for run in -3..<1000 where run < 20 || start.duration(to: clock.now) < .seconds(3) {
      let time = try clock.measure { _ = try plan.run([port: pictures]) }
      if run >= 0 { times.append(time / .milliseconds(1)) }
    }
    times.sort()
    let median = times[times.count / 2]
    let rate = Double(count) / median * 1000
    let lines = try input[profile] ? try ProfileTable(plan, [port: pictures]) : nil
    if try input.wantsJSON {
      var result: [(String, JSON)] = [
        ("model", JSON(entry.name)), ("engine", JSON(engine.name)),
        ("precision", JSON(try input[Common.precision].rawValue)),
        ("threads", JSON(Threads.count)), ("batch", JSON(count)), ("median_ms", JSON(median)),
        ("min_ms", JSON(times[0])), ("images_per_s", JSON(rate)),
      ]
      if let lines { result.append(("profile", lines.json)) }
      return emit(JSON(.object(result)))
    }
    print(
      """
      \(entry.name), \(engine.name), \(Threads.count) threads, batch \(count)
      median \(decimal(median, digits: 2)) ms, best \(decimal(times[0], digits: 2)) ms, \
      \(decimal(rate, digits: 1)) pictures/s
      """)
    if let lines { print(lines.text) }
  }
}
