import Glibc
import ZooEngine
import ZooKit
import ZooStore

/// A run in progress: its epochs, their results, and the saved state.
final class TrainingRun {
  private let trainer: Trainer
  private let folder: RunFolder
  private let log: RunLog
  private let learner: Learner
  private let seed: Random
  private let parts: [String]
  private var state: TrainingState
  private var epochs: [Trainer.Epoch] = []
  /// Items and seconds of training in this process.
  private var (items, seconds) = (0, 0.0)

  private var options: Trainer.Options { trainer.options }

  init(_ trainer: Trainer, _ folder: RunFolder, resuming: Bool) throws {
    let record = RunRecord(trainer)
    if resuming {
      try RunRecord(reading: folder.record).check(record, folder.record)
    } else {
      try folder.write(record.json.text(pretty: true) + "\n", to: folder.record)
    }
    // A run that was killed before its first save starts again.
    let saved = access(folder.last, F_OK) == 0 ? try SavedTraining(folder.last) : nil
    let losses = trainer.lesson.losses
    // A single part is the loss itself.
    parts = losses.count > 1 ? losses : []
    state = saved?.state ?? TrainingState(parts: losses.map { _ in 0 })
    guard state.parts.count == losses.count else {
      throw ZooError.corrupt("\(folder.last) was trained for \(state.parts.count) losses")
    }
    log = try RunLog(folder.path, state.log, trainer.calls)
    learner = try Learner(
      trainer, saved?.weights(for: trainer.graph) ?? trainer.weights,
      batch: min(trainer.options.batch, max(1, trainer.source.count)),
      epoch: min(state.epoch, trainer.options.epochs - 1))
    if let saved {
      let collected = trainer.options.collected(through: state.epoch - 1)
      try learner.restore(saved, collected: collected, in: folder.last)
    }
    seed = Random(seed: trainer.options.seed)
    self.trainer = trainer
    self.folder = folder
  }

  func run() throws -> Trainer.Report {
    while !isFinished {
      if let signal = try learn() { return try report(signal) }
      try finishEpoch()
      if !isFinished, let signal = trainer.interruption?.request { return try report(signal) }
    }
    return try report(nil)
  }

  private var isFinished: Bool {
    state.epoch >= options.epochs || state.stoppedEarly || hasAllSteps
  }

  private var hasAllSteps: Bool { options.steps.map { state.step >= $0 } ?? false }

  /// Stops the computation of features.
  private struct Stop: Error {
    let signal: Int32
  }

  private func batches(of epoch: Int) throws -> EpochBatches {
    try EpochBatches(
      trainer.source, epoch: epoch, size: learner.plan.batch, dropsLast: options.dropsLast,
      seed: seed)
  }

  /// How features are stored. They cover all items that any epoch requests, so that the moment of
  /// an interruption does not matter.
  private func keeping() throws -> FeatureSource.Keeping {
    var items: Set<Int> = []
    for epoch in 0..<options.epochs where items.count < trainer.source.count {
      for batch in try batches(of: epoch).batches { items.formUnion(batch) }
    }
    let count = items.count
    return .init(
      items: count < trainer.source.count ? items.sorted() : nil, limit: options.featureMemory,
      folder: folder.path, calls: trainer.calls, ahead: options.ahead
    ) { [trainer] done in
      trainer.featureProgress(done, count)
      if let signal = trainer.interruption?.request { throw Stop(signal: signal) }
    }
  }

  /// Trains the rest of an epoch; returns the signal if it was interrupted and saved.
  private func learn() throws -> Int32? {
    do {
      try learner.prepare(keeping())
    } catch let stop as Stop {
      try save()
      return stop.signal
    }
    let epoch = try batches(of: state.epoch)
    let queue = epoch.read(from: learner.source, after: state.cursor, ahead: options.ahead)
    while state.cursor < epoch.batches.count, !hasAllSteps {
      let start = now()
      var batches: [(batch: Batch, count: Int)] = []
      while batches.count < options.accumulation, let batch = try queue.next() {
        batches.append(batch)
      }
      let rate = options.rate * options.schedule.factor(at: state.step) * state.plateau.scale
      let step: Learner.Step
      do {
        step = try learner.step(
          batches, rate: rate, momentum: options.schedule.momentum(at: state.step),
          first: state.first, random: seed.key("step").key(state.step))
      } catch let error as ZooError {
        throw ZooError(
          error.kind, "\(error.message) (epoch \(state.epoch + 1), step \(state.step + 1))")
      }
      folder.isBegun = true
      state.first = state.first ?? step.loss
      state.rate = rate
      state.step += 1
      state.cursor += batches.count
      state.items += step.items
      state.loss += Double(step.items) * step.loss
      for (term, part) in step.parts.enumerated() {
        state.parts[term] += Double(step.items) * part
      }
      let time = now() - start
      items += step.items
      seconds += time
      try log.step(
        [("train/loss", step.loss)] + zip(parts, step.parts).map { ("train/\($0)", $1) }
          + [
            ("train/rate", rate), ("train/gradient", step.gradientNorm),
            ("train/items_per_s", time > 0 ? Double(step.items) / time : 0),
          ], at: state.step)
      trainer.progress(
        .init(
          epoch: state.epoch + 1, epochs: options.epochs, batch: state.cursor,
          batches: epoch.batches.count, step: state.step, loss: step.loss, rate: rate,
          gradientNorm: step.gradientNorm,
          itemsPerSecond: time > 0 ? Double(step.items) / time : 0))
      let signal = trainer.interruption?.request
      if signal != nil || options.saveEvery.map({ state.step % $0 == 0 }) ?? false { try save() }
      if signal != nil { return signal }
    }
    return nil
  }

  /// Evaluates the weights, keeps them if they are the best, and saves.
  private func finishEpoch() throws {
    let collected = options.collected(through: state.epoch)
    if collected > 0 { try learner.collect(collected) }
    let judged = try learner.judged
    let weights = try finite(collected > 0 ? trainer.settle?(judged) ?? judged : judged)
    let isLast = state.epoch + 1 >= options.epochs || hasAllSteps
    let isJudged = isLast || (state.epoch + 1) % options.judgesEvery == 0
    let scale = 1 / Double(max(1, state.items))
    let epoch = Trainer.Epoch(
      number: state.epoch + 1, step: state.step, rate: state.rate, loss: state.loss * scale,
      parts: zip(parts, state.parts).map { ($0, $1 * scale) },
      metrics: isJudged ? try metrics(of: weights) : [])
    epochs.append(epoch)
    if isJudged { try compare(epoch, weights) }
    try log.epoch(
      [("epoch", Double(epoch.number)), ("step", Double(epoch.step)), ("rate", epoch.rate)]
        + [("loss", epoch.loss)] + epoch.parts
        + (isJudged ? epoch.metrics : trainer.metrics.map { ($0, .nan) }), at: state.step)
    trainer.epochEnded(epoch)

    state.stoppedEarly = options.patience.map { state.stale >= $0 } ?? false
    state.epoch += 1
    (state.cursor, state.items, state.loss) = (0, 0, 0)
    state.parts = state.parts.map { _ in 0 }
    // The saved state contains the parameters that learn next.
    if state.epoch < options.epochs,
      options.freezing.names(at: state.epoch) != options.freezing.names(at: state.epoch - 1)
    {
      try learner.thaw(epoch: state.epoch)
    }
    // The state is written last: a run that is killed before does all of this again.
    try folder.write(
      Curves.svg(log.columns, log.rows, skipping: RunLog.counters), to: folder.curves)
    try save(epoch)
  }

  private func metrics(of weights: Weights) throws -> [(name: String, value: Double)] {
    guard let evaluate = trainer.evaluate else { return [] }
    if let cause = try learner.causeInInference(weights) {
      throw ZooError(
        cause.kind, "\(cause.message) (after epoch \(state.epoch + 1), step \(state.step))")
    }
    return try evaluate(weights)
  }

  /// Keeps an epoch that is the best so far, the latest on ties, and counts the epochs since the
  /// last improvement. With few validation pictures many epochs tie, the first of them by luck.
  private func compare(_ epoch: Trainer.Epoch, _ weights: Weights) throws {
    let (value, goal) = try epoch.watched(options)
    let isBetter = goal.isBetter(value, than: state.best?.value)
    state.stale = isBetter ? 0 : state.stale + 1
    if isBetter || value == state.best?.value {
      state.best = (epoch.number, value)
      var contents = try WeightStore.contents(
        meta: trainer.record(epoch), weights: Array(weights), golden: trainer.proof?(weights))
      contents.addDigests()
      try contents.write(to: folder.best, calls: trainer.calls)
    }
    if var plateau = options.plateau {
      plateau.state = state.plateau
      plateau.observe(value, goal)
      state.plateau = plateau.state
    }
  }

  private func save(_ epoch: Trainer.Epoch? = nil) throws {
    try log.sync()
    state.log = log.sizes
    state.ages = learner.descent.ages
    let weights = try finite(learner.weights)
    var contents = try WeightStore.contents(meta: trainer.record(epoch), weights: Array(weights))
    try contents.addTraining(state, learner.descent.arrays)
    contents.addDigests()
    try contents.write(to: folder.last, calls: trainer.calls)
    folder.isBegun = true
  }

  /// Checks the weights before they are written, because a step may overflow although its gradient
  /// was finite.
  private func finite(_ weights: Weights) throws -> Weights {
    for (name, tensor) in weights where tensor.isBroken {
      throw ZooError.failure(
        "the parameter \(name) is not finite after step \(state.step): "
          + "the learning rate may be too high; nothing was saved")
    }
    return weights
  }

  private func report(_ signal: Int32?) throws -> Trainer.Report {
    let weights = try learner.weights
    let unchanged = weights.names.filter { name in
      guard let now = weights[name], let start = trainer.weights[name] else { return false }
      return now.hasSameBytes(as: start)
    }
    return .init(
      epochs: epochs, best: state.best, steps: state.step, interruption: signal,
      stoppedEarly: state.stoppedEarly, unchanged: unchanged, tensors: weights.count,
      itemsPerSecond: seconds > 0 ? Double(items) / seconds : 0)
  }
}

extension Tensor {
  func hasSameBytes(as other: Tensor) -> Bool {
    guard shape == other.shape else { return false }
    return withValues { mine in
      other.withValues { theirs in
        guard let a = mine.baseAddress, let b = theirs.baseAddress else { return true }
        return memcmp(a, b, mine.count * 4) == 0
      }
    }
  }
}

/// Seconds of a monotonic clock.
func now() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
