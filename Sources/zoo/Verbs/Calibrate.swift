import ModelZoo
import ZooArguments

struct CalibrateVerb: Verb {
  let name = "calibrate"
  let summary = "make a model's probabilities honest"
  let discussion = """
    Fits a temperature, by which a classifier's logits are divided, to pictures that the model has \
    not learned from, so that of the answers given with 80 % about 80 % are right. The weights and \
    the answers stay as they are. It also fits the distance of a picture's features from those of \
    known pictures, so that 'predict' can say that a picture is unlike anything the model has seen. \
    Both are stored in the checkpoint, and 'predict' and 'evaluate' apply them. A temperature that \
    does not improve pictures it was not fitted to is left out: the model is calibrated already. \
    Without --split it uses the split “val”, or the pictures that the model's own training kept for \
    validation. 'zoo finetune --calibrate' does the same after training.
    """
  let examples: KeyValuePairs = [
    "zoo calibrate run/best.h5 --data ants-and-bees -o honest.h5": "fit to the validation pictures",
    "zoo evaluate honest.h5 --data ants-and-bees --json": "the reliability diagram's bins",
  ]
  let split = Option<String?>("--split", value: "S", help: "split to fit to")
  let falseAlarms = Option(
    "--false-alarms", value: "SHARE", default: 0.02, in: 0.0001...0.5,
    help: "share of known pictures that may be told as unlike anything the model has seen")
  let batch = Option("--batch", value: "N", default: 32, in: 1...65_536, help: "pictures per batch")
  let output = Option<String>(
    "-o", "--output", value: "OUT.h5", help: "file to write", completion: .files(endings: ["h5"]))
  var arguments: [any Argument] {
    Learning.modelAndData + [output, split, falseAlarms, batch]
  }

  func run(_ input: Parsed) throws {
    let model = try input.zoo().model(input[Common.model])
    let data = try Learning.place(input).open()
    try input.remark("\(data)")
    let fitted = try model.calibrated(
      on: data, split: input[split], falseAlarms: input[falseAlarms], engine: input[Common.engine],
      batch: input[batch])
    let path = try input[output]
    try fitted.model.save(to: path)
    if try input.wantsJSON {
      let members = [(key: "path", value: JSON(path)), (key: "model", value: JSON(model.name))]
      return emit(JSON(.object(members + fitted.members)))
    }
    print(fitted.text(path))
  }
}

extension Calibrated {
  fileprivate func text(_ path: String) -> String {
    let confidence = model.checkpoint.confidence
    var table = Table("", .right("before"), .right("after"))
    for metric in metrics {
      table.add(metric.name, decimal(metric.before, digits: 4), decimal(metric.after, digits: 4))
    }
    let floor = reliability.before.floor.map { decimal($0, digits: 4) } ?? ""
    let found =
      confidence.map { "temperature \(decimal($0.temperature, digits: 3)), fitted to " }
      ?? "already calibrated, as far as can be told from "
    let note =
      "\nwith \(grouped(pictures)) pictures chance alone gives an error of \(floor) on average"
    var novelty = ""
    if let found = model.checkpoint.novelty { novelty = "\n\(found.sentence)" }
    return
      "\(path)  \(found)\(grouped(pictures)) pictures\n\(table.text())\(note)\(novelty)"
  }
}
