import Foundation
import ModelZoo
import Synchronization
import YOLO
import ZooData
import ZooDetection
import ZooEngine
import ZooMetrics
import ZooTraining

struct Cells2: BatchSource {
  let split: Split
  let preprocessing: Preprocessing
  let plan: AugmentationPlan
  let cache: Cache
  final class Cache: Sendable { let all = Mutex<[Int: Sample]>([:]) }
  var count: Int { split.count }
  var fingerprint: String { "bccd" }
  func stored(_ i: Int) throws -> Sample {
    if let s = cache.all.withLock({ $0[i] }) { return s }
    let s = try split.items[i].sample()
    cache.all.withLock { $0[i] = s }
    return s
  }
  func batch(_ items: [Int], epoch: Int, random: Random) throws -> ZooTraining.Batch {
    let samples = try items.map { item in
      try plan.applied(to: stored(item), preprocessing, random: random.key(item)) { bits in
        try stored(Int(bits % UInt64(count)))
      }
    }
    var bare = preprocessing
    bare.resize = .none
    let tensor = try bare.tensor(from: samples.map(\.picture))
    let size = Window.Size(tensor.shape[2], tensor.shape[3])
    let boxes = samples.map { s -> [TrueBox] in
      guard case .boxes(let boxes) = s.truth else { return [] }
      return boxes.map {
        TrueBox(
          Box(Float($0.frame.x0), Float($0.frame.y0), Float($0.frame.x1), Float($0.frame.y1)),
          classIndex: $0.classIndex)
      }
    }
    return ZooTraining.Batch(
      PictureBatch(tensor, sizes: samples.map { _ in size }), boxes: boxes)
  }
}

func seconds() -> Double { var t = timespec(); clock_gettime(CLOCK_MONOTONIC, &t); return Double(t.tv_sec) + Double(t.tv_nsec) * 1e-9 }

let arguments = CommandLine.arguments
let epochs = Int(arguments[1])!, seeds = arguments[2].split(separator: ",").map { UInt64($0)! }
let steps = arguments.count > 3 ? Int(arguments[3])! : nil
let fixtures = ProcessInfo.processInfo.environment["ZOO_FIXTURES"] ?? "/work/shared/fixtures"
let data = try Dataset.open("\(fixtures)/bccd")
print(data, data.warnings)
let classes = ["RBC", "WBC", "Platelets"].count
let variant = try Registry.linked().variant("yolov4-tiny")
let yolo = variant.architecture as! YOLO
let original = try variant.graph()
let pretrained = try LoadPlan(
  from: DarknetWeights("\(fixtures)/yolov4-tiny/yolov4-tiny.weights").laid(over: original),
  into: original
).execute()
let graph = try variant.graph(head: .original(classes: data.classes.count))
let preprocessing = yolo.preprocessing!

func evaluate(_ weights: Weights, _ name: String) throws -> DetectionMetrics.Summary {
  let split = data[name]!
  let checkpoint = Checkpoint(
    family: "YOLO", variant: "yolov4-tiny", task: .detection, classes: data.classes,
    input: yolo.input, preprocessing: preprocessing, provenance: .init())
  let model = Model(
    name: "bccd", checkpoint: checkpoint, variant: variant, graph: graph, weights: weights)
  let detector = try ObjectDetector(model)
  var metrics = DetectionMetrics(classes: data.classes)
  let t = seconds()
  for item in split.items {
    let sample = try item.sample()
    guard case .boxes(let boxes) = sample.truth else { continue }
    let found = try detector.detect(sample.picture, .init(score: 0.001, iou: 0.5, limit: 100))
    try metrics.update(
      found: found.map {
        .init(
          [Double($0.box.x0), Double($0.box.y0), Double($0.box.x1), Double($0.box.y1)],
          classIndex: $0.index, score: Double($0.score))
      },
      truth: boxes.map {
        .init([$0.frame.x0, $0.frame.y0, $0.frame.x1, $0.frame.y1], classIndex: $0.classIndex)
      })
  }
  let s = metrics.summary()
  print(
    name, "mAP50", s.mAP50 ?? -1, "mAP", s.mAP ?? -1, "AP50",
    zip(data.classes, s.averagePrecision50).map { "\($0) \($1 ?? -1)" },
    "img/s", Double(split.count) / (seconds() - t))
  return s
}

for seed in seeds {
  var weights = Weights()
  let start = try yolo.headStart(graph, random: Random(seed: seed).key("head"))
  for parameter in graph.parameters {
    weights[parameter.name] =
      try start[parameter.name] ?? pretrained[parameter.name]
      ?? Tensor(randomFor: parameter, seed: seed)
  }
  let train = data["train"]!
  let adapted = yolo.adapted(to: [])
  let source = Cells2(
    split: train, preprocessing: preprocessing,
    plan: AugmentationPlan([ScaleWindow(), Flip(), Flip(vertically: true), HSVJitter()]),
    cache: .init())
  var options = Trainer.Options()
  options.epochs = epochs
  options.batch = 8
  options.rate = 1e-3
  options.descent = .init(Adam())
  options.dropsLast = true
  options.seed = seed
  let all = epochs * (train.count / 8)
  options.schedule = WarmUp(steps: 50, then: CosineDecay(steps: all))
  var trainer = Trainer(
    of: adapted, graph, weights, source, options: options, engine: try OneDNNEngine()
  ) { try variant.graph(head: .original(classes: data.classes.count), input: $0) }
  let begin = seconds()
  var times: [Double] = []
  var last = begin
  let interruption = Interruption()
  trainer.interruption = interruption
  trainer.progress = { p in
    let n = seconds()
    times.append(n - last)
    last = n
    if p.batch == p.batches || p.step % 10 == 0 {
      print(
        "seed", seed, "epoch", p.epoch, "step", p.step, "loss", p.loss, "img/s", 8 / (times.suffix(10).sorted()[times.suffix(10).count / 2]), "t", n - begin)
      fflush(nil)
    }
    if let steps, p.step >= steps { exit(0) }
  }
  let folder = "/tmp/bccd-run-\(seed)"
  try? FileManager.default.removeItem(atPath: folder)
  trainer.record = { _ in JSON(.object([])) }
  let report = try trainer.run(in: folder)
  print("trained in", seconds() - begin, "median img/s", 8 / times.sorted()[times.count / 2])
  let result = try WeightStore("\(folder)/last.h5").load(threads: 2)
  var trained = Weights()
  for p in graph.parameters { trained[p.name] = result[p.name] }
  _ = report
  _ = try evaluate(trained, "val")
  _ = try evaluate(trained, "test")
}
