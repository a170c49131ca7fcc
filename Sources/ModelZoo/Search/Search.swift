import Glibc
import ZooData
import ZooEngine
import ZooKit
import ZooStore
import ZooTraining

/// Searches for good options: one run per trial, with poor trials stopped early, all in one folder
/// from which the search can resume.
///
/// ```swift
/// var search = try Search(of: model, on: data, in: SearchSpace(["lr=1e-4..1e-1"]), trials: 20)
/// let best = try search.run(in: "search")
/// ```
/// The folder holds `search.json`, the table `trials.csv`, each trial's logs, and `best.h5`.
public struct Search {
  /// Whether a trial that falls behind is stopped.
  public enum Pruning: String, Sendable, CaseIterable {
    /// Stops a trial whose best epoch is worse than the median of the other trials at that point
    /// (Golovin et al. 2017).
    case median
    case none
  }

  public let model: Model
  public let data: Dataset
  public let judges: Dataset?
  public let space: SearchSpace
  public let options: Finetuning
  public var searcher: Searcher = .tpe
  public var pruning: Pruning = .median
  public var trials: Int
  public var engine: EngineChoice = .auto
  /// Called after every epoch of a trial.
  public var epochEnded: (Trial, Trainer.Epoch) -> Void = { _, _ in }
  /// Called after every trial.
  public var trialEnded: (Trial) -> Void = { _ in }
  /// Requests the search to save and return.
  public var interruption: Interruption?

  private let task: any ModelTask
  var goal: Goal { task.goal ?? .highest }

  /// The smallest number of trials to compare with.
  private static let leastToCompare = 3
  /// The request for a run that falls behind; no signal has this number.
  private static let fellBehind: Int32 = -1

  /// - Parameters:
  ///   - model: the initial model of every trial.
  ///   - data: the training data.
  ///   - judges: validation pictures that are not part of the data.
  ///   - space: the options to vary; nil means learning rate and weight decay.
  ///   - options: all other options.
  ///   - trials: the number of trials.
  public init(
    of model: Model, on data: Dataset, judgedOn judges: Dataset? = nil,
    in space: SearchSpace? = nil, _ options: Finetuning = .init(), trials: Int = 20
  ) throws {
    guard options.folds == nil else {
      throw ZooError.usage("a search compares single runs; “folds” is for fine-tuning")
    }
    self.model = model
    self.data = data
    self.judges = judges
    self.options = options
    self.space = try space ?? .usual(options.settled(for: model.learning(data)))
    self.trials = trials
    task = try model.checkpoint.task.definition
    // Find conflicts with the other options before training starts.
    _ = try self.space.applied(self.space.dimensions.map { $0.value(at: 0) }, to: options)
  }

  /// The result of a search.
  public struct Result: Sendable {
    public let trials: [Trial]
    public let best: Trial?
    /// The best trial's model on the pictures kept for testing, which no trial is chosen by. Nil if
    /// none are kept, or the search was interrupted.
    public let test: Report?
    /// The signal that interrupted it; the search is saved and can be resumed.
    public let interruption: Int32?
  }

  public func run(in path: String, resuming: Bool = false) throws -> Result {
    let folder = try SearchFolder(path, resuming: resuming)
    var log = try SearchLog(self, folder, resuming: resuming)
    while log.ended.count < trials {
      let number = log.ended.count
      let findings = log.ended.map { Searcher.Finding(values: $0.values, value: $0.value) }
      guard
        let values = searcher.next(number, in: space, after: findings, goal, seed: options.seed)
      else { break }
      var trial = Trial(number: number, values: values)
      let settings = try space.applied(values, to: options)
      do {
        if let signal = try perform(&trial, settings, log.ended, in: folder) {
          return Result(trials: log.ended, best: log.best, test: nil, interruption: signal)
        }
      } catch let error as ZooError where error.kind == .failure {
        // A learning rate that makes the weights explode is a finding and does not end the search.
        trial.end = .failed(error.message)
      }
      try log.add(trial)
      trialEnded(trial)
    }
    return Result(
      trials: log.ended, best: log.best, test: try test(log.best, in: folder), interruption: nil)
  }

  /// Judges the best model once more, by the pictures kept for testing.
  private func test(_ best: Trial?, in folder: SearchFolder) throws -> Report? {
    guard let best, options.test != nil else { return nil }
    return try FinetuningRun(
      of: model, on: data, space.applied(best.values, to: options), judgedOn: judges, engine: engine
    ).test(in: folder.path)
  }

  /// Trains one trial; returns the signal if it was interrupted.
  private func perform(
    _ trial: inout Trial, _ settings: Finetuning, _ others: [Trial], in folder: SearchFolder
  ) throws -> Int32? {
    var run = try FinetuningRun(
      of: model, on: data, settings, judgedOn: judges, engine: engine)
    let stop = Interruption()
    var courses: [Double] = []
    let (number, epochs) = (trial, run.trainer.options.epochs)
    run.trainer.epochEnded = { epoch in
      if let metric = epoch.metrics.first(where: { $0.name == task.metric }) {
        courses.append(metric.value)
      }
      epochEnded(number, epoch)
      if isHopeless(courses, others, epochs: epochs) { stop.request(Search.fellBehind) }
    }
    run.trainer.progress = { _ in
      if let signal = interruption?.request { stop.request(signal) }
    }
    run.trainer.interruption = stop
    let place = folder.trial(trial.number)
    // An interrupted trial starts again from the beginning, which costs only time.
    removeContents(of: place)
    let report = try run.train(in: place)
    if let signal = report.interruption, signal != Search.fellBehind { return signal }
    trial.course = courses
    trial.value = goal.best(of: courses)
    trial.epoch = report.best?.epoch
    trial.end = report.interruption == nil ? .done : .pruned
    return nil
  }

  private func isHopeless(_ course: [Double], _ others: [Trial], epochs: Int) -> Bool {
    guard pruning == .median, course.count < epochs, let mine = goal.best(of: course) else {
      return false
    }
    let theirs = others.compactMap { goal.best(of: $0.course.prefix(course.count)) }.sorted()
    guard theirs.count >= Search.leastToCompare else { return false }
    return goal.isBetter(theirs[theirs.count / 2], than: mine)
  }
}

/// One set of values, and its result.
public struct Trial: Sendable {
  public enum End: Sendable, Hashable {
    case done, pruned
    case failed(String)
  }

  /// From 0.
  public let number: Int
  /// In the order of the space's dimensions.
  public let values: [JSON]
  public internal(set) var end = End.done
  /// The metric after each epoch.
  public internal(set) var course: [Double] = []
  /// The best of them; nil if the trial failed.
  public internal(set) var value: Double?
  public internal(set) var epoch: Int?

  init(number: Int, values: [JSON]) {
    self.number = number
    self.values = values
  }
}
