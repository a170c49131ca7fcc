import Glibc
import ZooData
import ZooEngine
import ZooKit
import ZooStore
import ZooTraining

/// Looks for good options: a run for each trial, what is hopeless ended early, all of it in one
/// folder from which the search can go on.
///
/// ```swift
/// var search = try Search(of: model, on: data, in: SearchSpace(["lr=1e-4..1e-1"]), trials: 20)
/// let best = try search.run(in: "search")
/// ```
/// The folder holds `search.json`, the table `trials.csv`, each trial's logs, and `best.h5`.
public struct Search {
  /// Whether a trial that falls behind is ended.
  public enum Pruning: String, Sendable, CaseIterable {
    /// Where its best epoch is worse than the median of what others had reached by then
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
  /// Told after every epoch of a trial.
  public var epochEnded: (Trial, Trainer.Epoch) -> Void = { _, _ in }
  /// Told when a trial has ended.
  public var trialEnded: (Trial) -> Void = { _ in }
  /// Asks the search to save and return.
  public var interruption: Interruption?

  /// Trials with which a new one is compared, at least.
  private static let leastToCompare = 3
  /// What a run is asked for where it falls behind; no signal has this number.
  private static let fellBehind: Int32 = -1

  /// - Parameters:
  ///   - model: where every trial begins.
  ///   - data: what it learns.
  ///   - judges: pictures to judge by, where they are not a part of the data.
  ///   - space: what is varied; learning rate and weight decay where nil.
  ///   - options: everything that is not.
  ///   - trials: how many.
  public init(
    of model: Model, on data: Dataset, judgedOn judges: Dataset? = nil,
    in space: SearchSpace? = nil, _ options: Finetuning = .init(), trials: Int = 20
  ) throws {
    self.model = model
    self.data = data
    self.judges = judges
    self.options = options
    self.space = try space ?? .usual(options.settled(for: model.learning(data)))
    self.trials = trials
    // Conflicts with the other options are found before anything is trained.
    _ = try self.space.applied(self.space.dimensions.map { $0.value(at: 0) }, to: options)
  }

  /// What comes of it.
  public struct Result: Sendable {
    public let trials: [Trial]
    public let best: Trial?
    /// The signal that ended it; the search is saved and can go on.
    public let interruption: Int32?
  }

  public func run(in path: String, resuming: Bool = false) throws -> Result {
    let folder = try SearchFolder(path, resuming: resuming)
    let goal: Goal = .highest
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
          return Result(trials: log.ended, best: log.best, interruption: signal)
        }
      } catch let error as ZooError where error.kind == .failure {
        // A rate that bursts the weights is a finding, not the end of the search.
        trial.end = .failed(error.message)
      }
      try log.add(trial)
      trialEnded(trial)
    }
    return Result(trials: log.ended, best: log.best, interruption: nil)
  }

  /// Trains one; the signal that ended it before its time.
  private func perform(
    _ trial: inout Trial, _ settings: Finetuning, _ others: [Trial], in folder: SearchFolder
  ) throws -> Int32? {
    var run = try FinetuningRun(
      of: model, on: data, settings, judgedOn: judges, engine: engine)
    let stop = Interruption()
    var courses: [Double] = []
    let number = trial
    run.trainer.epochEnded = { epoch in
      courses.append(epoch.metrics.first?.value ?? -epoch.loss)
      epochEnded(number, epoch)
      if isHopeless(courses, others, epochs: settings.epochs) { stop.request(Search.fellBehind) }
    }
    run.trainer.progress = { _ in
      if let signal = interruption?.request { stop.request(signal) }
    }
    run.trainer.interruption = stop
    let place = folder.trial(trial.number)
    // A trial that was under way when the search was ended begins again: what it had learned shows
    // in nothing but time.
    removeContents(of: place)
    let report = try run.train(in: place)
    if let signal = report.interruption, signal != Search.fellBehind { return signal }
    trial.course = courses
    trial.value = courses.max()
    trial.epoch = report.best?.epoch
    trial.end = report.interruption == nil ? .done : .pruned
    return nil
  }

  private func isHopeless(_ course: [Double], _ others: [Trial], epochs: Int) -> Bool {
    guard pruning == .median, course.count < epochs, let mine = course.max() else { return false }
    let theirs = others.compactMap { $0.course.prefix(course.count).max() }.sorted()
    guard theirs.count >= Search.leastToCompare else { return false }
    return mine < theirs[theirs.count / 2]
  }
}

/// One set of values, and what came of it.
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
  /// The best of them, nil where the trial failed.
  public internal(set) var value: Double?
  public internal(set) var epoch: Int?

  init(number: Int, values: [JSON]) {
    self.number = number
    self.values = values
  }
}
