import ZooData
import ZooEngine
import ZooKit
import ZooMetrics
import ZooStore
import ZooTraining

/// A model judged on pictures, as a page for people: metrics with intervals, curves, mistakes and how
/// the model was made.
///
/// ```swift
/// let model = try zoo.model("run/best.h5")
/// let report = try model.report(on: Dataset.open("ants-and-bees"))
/// try report.write(to: "report.html")
/// ```
/// The page is one file, without scripts; see ``Page``. The same model, data and options give the same
/// bytes.
public struct ModelReport: Sendable {
  /// The metrics on the page.
  public let figures: Report
  /// The 95 % intervals of the metrics that have one.
  public let intervals: [String: ClosedRange<Double>]
  public let head: PageHead
  public let sections: [PageSection]

  public var page: Page {
    Page(
      title: head.title, head: head.markup, sections: sections,
      foot: """
        Made by <code>zoo report</code>, zoo \(Zoo.version): a single file without scripts, which \
        needs no network.
        """)
  }

  /// Writes the page, whole or not at all.
  public func write(to path: String) throws { try page.write(to: path) }
}

extension Model {
  /// A report on pictures that the model has not learned from; see ``JudgedPictures``.
  /// - Parameters:
  ///   - data: its classes are matched by name.
  ///   - split: `val`, `test`, …; nil means the data's split for testing.
  ///   - run: the run that trained the model, for its curves.
  ///   - engine: the engine.
  public func report(
    on data: Dataset, split: String? = nil, run: TrainedRun? = nil, engine: EngineChoice = .auto
  ) throws -> ModelReport {
    try report(
      by: JudgedPictures(of: data, split: split, for: [self]), Examination(engine: engine),
      run: run)
  }

  /// A report on pictures that were chosen before.
  /// - Parameters:
  ///   - pictures: the pictures.
  ///   - how: engine, precision, batch and the task's options.
  ///   - run: the run that trained the model, for its curves.
  ///   - bootstrap: draws the pictures for the intervals.
  ///   - progress: called with the number of finished pictures.
  public func report(
    by pictures: JudgedPictures, _ how: Examination = .init(), run: TrainedRun? = nil,
    bootstrap: Bootstrap = .init(), progress: (Int) throws -> Void = { _ in }
  ) throws -> ModelReport {
    var how = how
    how.gathersMistakes = true
    let (report, examiner, exam) = try examined(by: pictures, how, progress: progress)
    let intervals = try report.findings.map(bootstrap.intervals) ?? [:]
    let parts = ReportParts(
      model: self, pictures: pictures, report: report, intervals: intervals, bootstrap: bootstrap,
      run: run)
    var sections = [parts.metrics, parts.curves, parts.confusion].compactMap(\.self)
    sections += try examiner.sections(of: self, report)
    sections += [parts.classes].compactMap(\.self)
    let mistakes = try examiner.mistakes(of: self)
    sections += try mistakes.sections(of: exam.split, explaining: self, how)
    if let map = parts.map(of: exam.split, mistakes, how) { sections.append(map) }
    sections.append(parts.origin)
    return try ModelReport(
      figures: report, intervals: intervals, head: parts.head, sections: sections)
  }
}
