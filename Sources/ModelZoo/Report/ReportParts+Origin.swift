import ZooKit
import ZooStore
import ZooTraining

/// What was trained and how, so that a reader can repeat it.
extension ReportParts {
  var origin: PageSection {
    get throws {
      let training = model.checkpoint.provenance.training
      var body = Markup.facts(try facts)
      var notes: [Markup] = [
        "Everything that the checkpoint records. Paths are left out: a page may be passed on."
      ]
      let commands = try commands
      if !commands.isEmpty {
        let lines: [Markup] = commands.map { "\($0)\n" }
        body = "<pre>\(lines)</pre>\n\(body)"
        notes.insert("The commands that repeat it.", at: 0)
      }
      return PageSection(
        training == nil ? "The model" : "How it was made", notes: notes, body: body)
    }
  }

  private var facts: [(name: String, value: Markup)] {
    get throws {
      let checkpoint = model.checkpoint
      var facts: [(name: String, value: Markup)] = []
      func add(_ name: String, _ value: String?) {
        if let value, !value.isEmpty { facts.append((name, Markup(words: value))) }
      }
      add(
        "network",
        "\(model.variant.family) \(model.variant.name), "
          + "\(grouped(model.graph.inferenceParameterCount)) parameters")
      add("paper", model.variant.paper)
      let names = checkpoint.classes
      add(
        checkpoint.task == .regression ? "numbers" : "classes",
        names.isEmpty
          ? nil
          : "\(grouped(names.count)): " + names.prefix(20).joined(separator: ", ")
            + (names.count > 20 ? ", …" : ""))
      add("input", "\(checkpoint.input)")
      add("preprocessing", checkpoint.preprocessing.sentence)
      add("threshold", checkpoint.threshold.map { "\($0): what scores less is not shown" })
      add("confidence", checkpoint.confidence?.sentence)
      add("novelty", checkpoint.novelty?.sentence)
      add("source", checkpoint.provenance.url)
      add("SHA-256 of the source", checkpoint.provenance.sha256)
      if let training = checkpoint.provenance.training {
        add("trained", training.sentence)
        for part in training.parts {
          add(part.name.words, "\(grouped(part.digests.count)) of \(part.data)")
        }
        add("fingerprint of the data", training.fingerprint)
        add("options", training.options)
      }
      if let machine = run?.record?["machine"] {
        let threads = machine["threads"]?.integer.map {
          " on \($0) \($0 == 1 ? "thread" : "threads")"
        }
        add("computed by", (machine["engine"]?.string).map { $0 + (threads ?? "") })
      }
      for metric in checkpoint.metrics {
        let when = metric.date.map { ", \($0)" } ?? ""
        add(
          metric.name,
          "\(decimal(metric.value, digits: 4)) on \(metric.dataset) (\(metric.source)\(when))")
      }
      add("licence", checkpoint.license)
      add("this page", "zoo \(Zoo.version)")
      return facts
    }
  }

  /// The training, and this page again.
  private var commands: [String] {
    get throws {
      let data = pictures.data.name.shellWord
      var commands: [String] = []
      if let training = model.checkpoint.provenance.training {
        if let run, run.record != nil {
          commands.append("zoo train \((run.shownName + "/run.json").shellWord) -o again")
        }
        if let command = training.command(for: model, judges: run?.judges) {
          commands.append(command)
        }
      }
      commands.append(
        "zoo report \((run?.shownName ?? model.shownName).shellWord) --data \(data) -o report.html")
      return commands
    }
  }
}

extension TrainedRun {
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
