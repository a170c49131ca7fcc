import ZooKit
import ZooStore
import ZooTraining

// The same names as on the command line; what is left out stays open.
extension Finetuning {
  public var json: JSON {
    var members: [(key: String, value: JSON)] = []
    func add(_ key: String, _ value: JSON?) {
      if let value { members.append((key, value)) }
    }
    let usual = Finetuning()
    func changed<T: Equatable>(_ path: KeyPath<Finetuning, T>, _ key: String, _ json: (T) -> JSON) {
      if self[keyPath: path] != usual[keyPath: path] { add(key, json(self[keyPath: path])) }
    }
    changed(\.scratch, "scratch") { JSON($0) }
    add("head", head.map { JSON($0.rawValue) })
    if steps == nil { add("epochs", JSON(epochs)) }
    add("steps", steps.map { JSON($0) })
    add("batch", JSON(batch))
    changed(\.dropLast, "drop-last") { JSON($0) }
    changed(\.repeats, "repeat") { JSON($0) }
    add("window", window.map { JSON($0) })
    add("size", size.map { JSON($0) })
    add("backbone", backbone.map { JSON($0) })
    changed(\.accumulate, "accumulate") { JSON($0) }
    add("lr", rate.map { JSON($0) })
    add("optimizer", JSON(optimizer.rawValue))
    add("momentum", momentum.map { JSON($0) })
    add("weight-decay", weightDecay.map { JSON($0) })
    changed(\.decayed, "decay-on") { JSON($0.rawValue) }
    add("schedule", JSON(schedule.rawValue))
    changed(\.warmup, "warmup") { JSON($0) }
    add("warmup-steps", warmupSteps.map { JSON($0) })
    changed(\.layerDecay, "layer-decay") { JSON($0) }
    add("clip", clip.map { JSON($0) })
    add("average", average.map { JSON($0) })
    add("loss", loss.map { JSON($0.rawValue) })
    changed(\.labelSmoothing, "label-smoothing") { JSON($0) }
    changed(\.classWeights, "class-weights") { JSON($0.rawValue) }
    add("augment", augment.map { JSON($0.text) })
    changed(\.mix, "mix") { JSON($0.rawValue) }
    add("mean", mean.map { JSON(.array($0.map { JSON($0) })) })
    add("std", std.map { JSON(.array($0.map { JSON($0) })) })
    add("fit", fit.map { JSON($0.rawValue) })
    add("freeze", freeze.map { JSON($0) })
    add("unfreeze-at", unfreezeAt.map { JSON($0) })
    changed(\.norm, "norm") { JSON($0.rawValue) }
    add("binary", binary.map { JSON($0) })
    add("validation", validation.map { JSON($0) })
    changed(\.validateEvery, "validate-every") { JSON($0) }
    add("patience", patience.map { JSON($0) })
    add("save-every", saveEvery.map { JSON($0) })
    add("seed", JSON(seed))
    return JSON(.object(members))
  }

  /// Takes its members from a recipe; what else is in it is left there.
  init(_ fields: inout Fields) throws {
    self.init()
    func integer(_ key: String) throws -> Int? {
      try fields.optional(key) { fields, key in try fields.integer(key) }
    }
    func number(_ key: String) throws -> Double? {
      try fields.optional(key) { fields, key in try fields.number(key) }
    }
    scratch = try fields.optional("scratch") { fields, key in try fields.bool(key) } ?? scratch
    head = try fields.choice("head", of: HeadKind.self)
    epochs = try integer("epochs") ?? epochs
    steps = try integer("steps")
    dropLast = try fields.optional("drop-last") { fields, key in try fields.bool(key) } ?? dropLast
    batch = try integer("batch") ?? batch
    repeats = try integer("repeat") ?? repeats
    window = try integer("window")
    size = try integer("size")
    backbone = try fields.optional("backbone") { fields, key in try fields.string(key) }
    accumulate = try integer("accumulate") ?? accumulate
    rate = try number("lr")
    optimizer = try fields.choice("optimizer", of: OptimizerKind.self) ?? optimizer
    momentum = try number("momentum")
    weightDecay = try number("weight-decay")
    decayed = try fields.choice("decay-on", of: Descent.Options.Decayed.self) ?? decayed
    schedule = try fields.choice("schedule", of: ScheduleKind.self) ?? schedule
    warmup = try number("warmup") ?? warmup
    warmupSteps = try integer("warmup-steps")
    layerDecay = try number("layer-decay") ?? layerDecay
    clip = try number("clip")
    average = try number("average")
    loss = try fields.choice("loss", of: LossKind.self)
    labelSmoothing = try number("label-smoothing") ?? labelSmoothing
    classWeights = try fields.choice("class-weights", of: Weighting.self) ?? classWeights
    augment = try fields.optional("augment") { fields, key in
      let text = try fields.string(key)
      do { return try AugmentationScript(text) } catch let error as ZooError {
        throw fields.error("“augment” of \(fields.what): \(error.message)")
      }
    }
    mix = try fields.choice("mix", of: MixingKind.self) ?? mix
    mean = try fields.optional("mean") { fields, key in try fields.numbers(key) }
    std = try fields.optional("std") { fields, key in try fields.numbers(key) }
    fit = try fields.choice("fit", of: Fit.self)
    freeze = try fields.optional("freeze") { fields, key in try fields.strings(key) }
    unfreezeAt = try integer("unfreeze-at")
    norm = try fields.choice("norm", of: NormKind.self) ?? norm
    binary = try fields.optional("binary") { fields, key in try fields.bool(key) }
    validation = try number("validation")
    validateEvery = try integer("validate-every") ?? validateEvery
    patience = try integer("patience")
    saveEvery = try integer("save-every")
    seed = try integer("seed") ?? seed
  }
}
