import Glibc
import ModelZoo
import ZooArguments

extension Searcher: ArgumentValue {}
extension Search.Pruning: ArgumentValue {}

struct TuneVerb: Verb {
  let name = "tune"
  let summary = "search for good training options"
  let discussion = """
    Fine-tunes repeatedly with different values of the options that --vary names, stops trials that \
    fall behind, and writes the best model to RUN/best.h5 and a table of the trials to \
    RUN/trials.csv. Ctrl-C stops the search; --resume continues it. Trials are chosen by the \
    validation pictures, so the best figure is too good; with --test, the best model is judged at the \
    end by pictures that chose nothing.
    """
  let examples: KeyValuePairs = [
    "zoo tune resnet18 --data ants-and-bees -o search --vary lr=1e-4..1e-1 --vary head=linear,mlp":
      "search learning rates and heads",
    "zoo tune resnet18 --data bees -o grid --search grid --vary batch=8,16 --vary lr=0.001,0.01":
      "try every combination",
  ]
  let vary = Option<[String]>(
    "--vary", value: "NAME=A..B",
    help: "training option to vary, over a range or over listed values (NAME=A,B,C)",
    completion: .choices(Setting.all.filter(\.isSearchable).map(\.name)))
  let searcher = Option(
    "--search", value: "S", default: Searcher.tpe, help: "search method")
  let pruning = Option(
    "--prune", value: "P", default: Search.Pruning.median, help: "rule that stops trials early")
  let trials = Option(
    "--trials", value: "N", default: 20, in: 1...100_000, help: "maximum number of trials")
  let resume = Flag("--resume", help: "continue the search in RUN")

  var arguments: [any Argument] {
    Learning.modelAndData
      + [Learning.output, vary, searcher, trials, pruning, resume]
  }
  var groups: [ArgumentGroup] { Learning.groups }

  func run(_ input: Parsed) throws {
    let options = try Learning.options(input)
    let model = try Learning.beginning(input[Common.model], options, in: input.zoo())
    let data = try Learning.place(input).open()
    try input.remark("\(data)")
    let declared = try input[vary]
    var search = try Search(
      of: model, on: data, judgedOn: Learning.judges(input).map { try Dataset.open($0) },
      in: declared.isEmpty ? nil : SearchSpace(declared), options, trials: input[trials])
    search.searcher = try input[searcher]
    search.pruning = try input[pruning]
    search.engine = try input[Common.engine]
    search.interruption = Interruption(signals: [SIGINT, SIGTERM])
    let names = search.space.dimensions.map(\.name)
    let isQuiet = try input[Common.quiet]
    search.trialEnded = { trial in
      guard !isQuiet else { return }
      let values = zip(names, trial.values).map { "\($0) \($1.short)" }
      let found = trial.value.map { decimal($0, digits: 4) } ?? "-"
      writeError(
        "trial \(trial.number + 1)  \(found)  \(trial.end.word)  "
          + values.joined(separator: "  "))
    }
    let folder = try input[Learning.output]
    let result = try search.run(in: folder, resuming: input[resume])
    if try input.wantsJSON {
      emit([
        "run": JSON(folder), "names": JSON(names),
        "best": result.best.map { JSON($0.number) } ?? nil,
        "test": result.test.map(Learning.json) ?? nil,
        "trials": JSON(result.trials.map(\.json)),
      ])
    } else {
      var table = Table(
        [.right("trial"), .right("value"), "end"] + names.map { .right($0) })
      for trial in result.trials {
        table.add(
          [
            "\(trial.number + 1)", trial.value.map { decimal($0, digits: 4) } ?? "", trial.end.word,
          ] + trial.values.map(\.short))
      }
      print(table.text())
      if let best = result.best { print("\(folder.printable)/best.h5  trial \(best.number + 1)") }
      if let test = result.test { print(try Learning.line(test)) }
    }
    if let signal = result.interruption {
      throw ZooError(
        signal == SIGINT ? .interrupted : .terminated,
        "interrupted after \(result.trials.count) trials; --resume continues")
    }
  }
}

extension JSON {
  /// Rounded to four digits for display.
  fileprivate var short: String {
    if let string { return string }
    guard let number, number != number.rounded(), number.isFinite, number != 0 else {
      return text()
    }
    let digits = 3 - Int(log10(abs(number)).rounded(.down))
    return decimal(number, digits: min(max(digits, 0), 12))
  }
}
