import ZooKit

extension Trainer {
  /// Tries rising learning rates on the first batches; see ``LearningRateFinder``. The learned
  /// weights are discarded.
  public func findRate(from lowest: Double = 1e-6, to highest: Double = 10, steps: Int = 100) throws
    -> LearningRateFinder
  {
    try options.check()
    let learner = try Learner(
      self, weights, batch: min(options.batch, max(1, source.count)), epoch: 0)
    let seed = Random(seed: options.seed)
    var finder = LearningRateFinder(from: lowest, to: highest, steps: steps)
    for epoch in 0... {
      let batches = try EpochBatches(
        source, epoch: epoch, size: learner.plan.batch, dropsLast: options.dropsLast, seed: seed)
      let queue = batches.read(from: source, ahead: options.ahead)
      while let batch = try queue.next() {
        guard let rate = finder.rate else { return finder }
        let random = seed.key("step").key(finder.rates.count)
        do {
          finder.observe(try learner.step([batch], rate: rate, random: random).loss)
        } catch let error as ZooError where error.kind == .failure && !finder.rates.isEmpty {
          // An exploding loss ends the search as intended.
          finder.observe(.infinity)
        }
      }
    }
    return finder
  }
}
