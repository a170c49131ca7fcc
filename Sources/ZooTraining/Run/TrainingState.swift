import ZooKit
import ZooStore

/// The position of a run, apart from its weights: `/training` of a checkpoint. All randomness is a
/// function of the seed and of these numbers, so there is no other state to save.
struct TrainingState: Sendable {
  /// The current epoch, from 0.
  var epoch = 0
  /// Steps since the start of the run.
  var step = 0
  /// Finished batches of this epoch.
  var cursor = 0
  /// Sums over the items of this epoch.
  var items = 0
  var loss = 0.0
  /// The loss of the first step, which tells a run that diverges.
  var first: Double?
  var parts: [Double]
  /// The learning rate of the latest step.
  var rate = 0.0
  /// The best epoch, from 1, the latest on ties, and its metric.
  var best: (epoch: Int, value: Double)?
  /// Epochs since the last improvement.
  var stale = 0
  var stoppedEarly = false
  var plateau = Plateau.State()
  var log = RunLog.Sizes()
  /// The optimiser's state: the number of updates of each parameter.
  var ages: [String: Int] = [:]
}

extension TrainingState {
  static let version = 1

  var json: JSON {
    [
      "version": JSON(TrainingState.version), "epoch": JSON(epoch), "step": JSON(step),
      "cursor": JSON(cursor), "items": JSON(items), "loss": JSON(loss), "parts": JSON(parts),
      "rate": JSON(rate), "first": first.map { JSON($0) } ?? nil,
      "best": best.map { ["epoch": JSON($0.epoch), "value": JSON($0.value)] } ?? nil,
      "stale": JSON(stale), "stoppedEarly": JSON(stoppedEarly),
      "plateau": [
        "scale": JSON(plateau.scale), "best": plateau.best.map { JSON($0) } ?? nil,
        "bad": JSON(plateau.bad), "cooling": JSON(plateau.cooling),
      ],
      "log": ["table": JSON(log.table), "events": JSON(log.events)],
      "ages": JSON(.object(ages.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) })),
    ]
  }

  init(_ json: JSON, in origin: String) throws {
    func count(_ fields: inout Fields, _ key: String) throws -> Int {
      let number = try fields.integer(key)
      guard number >= 0 else { throw fields.error("“\(key)” is \(number)") }
      return number
    }
    func number(_ fields: inout Fields, _ key: String) throws -> Double? {
      try fields.optional(key) { fields, key in try fields.number(key) }
    }
    var fields = try Fields(json, of: "the state of training", in: origin)
    let version = try fields.integer("version")
    guard version == TrainingState.version else {
      throw fields.error(
        "the state has version \(version); this program reads \(TrainingState.version)")
    }
    parts = try fields.numbers("parts")
    (epoch, step) = (try count(&fields, "epoch"), try count(&fields, "step"))
    (cursor, items) = (try count(&fields, "cursor"), try count(&fields, "items"))
    (loss, rate) = (try fields.number("loss"), try fields.number("rate"))
    first = try number(&fields, "first")
    best = try fields.optional("best") { fields, key in
      var best = try fields.fields(key, of: "the best epoch")
      let found = (try count(&best, "epoch"), try best.number("value"))
      try best.finish()
      return found
    }
    (stale, stoppedEarly) = (try count(&fields, "stale"), try fields.bool("stoppedEarly"))
    var plateau = try fields.fields("plateau", of: "the plateau")
    self.plateau.scale = try plateau.number("scale")
    self.plateau.best = try number(&plateau, "best")
    self.plateau.bad = try count(&plateau, "bad")
    self.plateau.cooling = try count(&plateau, "cooling")
    try plateau.finish()
    var log = try fields.fields("log", of: "the log")
    self.log = .init(table: try count(&log, "table"), events: try count(&log, "events"))
    try log.finish()
    var ages = try fields.fields("ages", of: "the ages")
    for (name, age) in ages.rest() {
      guard let age = age.integer, age >= 0 else {
        throw fields.error("the age of \(name) is wrong")
      }
      self.ages[name] = age
    }
    try fields.finish()
  }
}
