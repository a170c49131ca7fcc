import ZooKit
import ZooStore
import ZooTraining

/// What was trained and how, so that a reader can repeat it.
extension ReportParts {
  var origin: PageSection {
    let lines: [Markup] = commands.map { "\($0)\n" }
    return PageSection(
      model.checkpoint.provenance.training == nil ? "The model" : "How it was made",
      notes: [
        "The commands that repeat it, and everything that the checkpoint records.",
        "Folders above the last are left out: a page may be passed on.",
      ], body: "<pre>\(lines)</pre>\n\(Markup.facts(facts))")
  }

  private var facts: [(name: String, value: Markup)] {
    var facts = Facts()
    facts.add("network", "\(model.variant.family) \(model.variant.name)")
    facts.add("parameters", grouped(model.graph.inferenceParameterCount))
    facts.add("paper", model.variant.paper)
    facts.add(model.checkpoint)
    if let training = model.checkpoint.provenance.training { facts.add(training) }
    if let run { facts.add("computed by", run.machine) }
    for metric in model.checkpoint.metrics { facts.add(metric) }
    facts.add("this page", "zoo \(Zoo.version)")
    return facts.all
  }

  /// The training, and this page again.
  private var commands: [String] {
    let trained = run.flatMap { run in
      run.record.map { _ in "zoo train \("\(run.shownName)/run.json".shellWord) -o again" }
    }
    let repeated = model.checkpoint.provenance.training?.command(for: model, judges: run?.judges)
    let judged = (run?.shownName ?? model.shownName).shellWord
    return [trained, repeated].compactMap(\.self)
      + ["zoo report \(judged) --data \(pictures.data.name.shellWord) -o report.html"]
  }
}

/// What is known of a model, in the order of the page.
private struct Facts {
  private(set) var all: [(name: String, value: Markup)] = []

  mutating func add(_ name: String, _ value: String?) {
    guard let value, !value.isEmpty else { return }
    all.append((name, Markup(words: value)))
  }

  mutating func add(_ checkpoint: Checkpoint) {
    let names = checkpoint.classes
    if !names.isEmpty {
      let more = names.count > 20 ? ", …" : ""
      add("outputs", "\(grouped(names.count)): \(names.prefix(20).joined(separator: ", "))\(more)")
    }
    add("input", "\(checkpoint.input)")
    add("preprocessing", checkpoint.preprocessing.sentence)
    if let threshold = checkpoint.threshold {
      add("threshold", "\(threshold): what scores less is not shown")
    }
    add("confidence", checkpoint.confidence?.sentence)
    add("novelty", checkpoint.novelty?.sentence)
    add("source", checkpoint.provenance.url)
    add("SHA-256 of the source", checkpoint.provenance.sha256)
    add("licence", checkpoint.license)
  }

  mutating func add(_ training: Checkpoint.Training) {
    add("trained", training.sentence)
    for part in training.parts {
      add(part.name.words, "\(grouped(part.digests.count)) of \(part.data)")
    }
    add("fingerprint of the data", training.fingerprint)
    add("options", training.options)
  }

  mutating func add(_ metric: Metric) {
    let when = metric.date.map { ", \($0)" } ?? ""
    add(
      metric.name,
      "\(decimal(metric.value, digits: 4)) on \(metric.dataset) (\(metric.source)\(when))")
  }
}

extension TrainedRun {
  /// “onednn on 2 threads”
  fileprivate var machine: String? {
    guard let machine = record?["machine"], let engine = machine["engine"]?.string else {
      return nil
    }
    guard let threads = machine["threads"]?.integer else { return engine }
    return "\(engine) on \(threads) \(threads == 1 ? "thread" : "threads")"
  }

  var shownName: String { folder.split(separator: "/").last.map(String.init) ?? folder }

  /// The name of the validation pictures that were not part of the data.
  fileprivate var judges: String? {
    record?["about"]?["recipe"]?["validation-data"]?.string.map {
      $0.split(separator: "/").last.map(String.init) ?? $0
    }
  }
}

extension Checkpoint.Part.Name {
  fileprivate var words: String {
    switch self {
    case .train: "learned from"
    case .val: "chose the epoch"
    case .test: "kept for testing"
    case .base: "learned from before"
    }
  }
}

extension Checkpoint.Training {
  /// `zoo finetune` with every option that was recorded; nil if the record is of another program.
  fileprivate func command(for model: Model, judges: String?) -> String? {
    guard var fields = try? Fields(recipe, of: "the recipe", in: "the record"),
      let options = try? Finetuning(&fields)
    else { return nil }
    var words = [
      "zoo", "finetune", (base ?? model.variant.name).shellWord, "--data", data.shellWord,
    ]
    if let judges { words += ["--validation", judges.shellWord] }
    for setting in Setting.all {
      guard let spelling = setting.words(options) else { continue }
      if judges != nil, setting.name == Setting.validation.name { continue }
      if setting.isFlag {
        words.append("--\(setting.name)")
      } else {
        for word in spelling { words += ["--\(setting.name)", word.shellWord] }
      }
    }
    return (words + ["-o", "again"]).joined(separator: " ")
  }
}
