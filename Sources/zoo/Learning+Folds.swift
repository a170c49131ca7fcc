import Glibc
import ModelZoo
import ZooArguments

extension Learning {
  /// Trains a model for each fold and reports mean and spread.
  static func crossValidate(
    _ validation: CrossValidation, in folder: String, resuming: Bool, _ interruption: Interruption,
    _ input: Parsed, _ recipe: @escaping (Finetuning) -> JSON
  ) throws {
    var validation = validation
    let count = validation.folds
    var progress: Progress?
    validation.prepare = { run, fold in
      try input.remark("fold \(fold) of \(count)")
      progress = try prepare(&run, interruption, input)
      run.trainer.about = recipe(run.options)
    }
    validation.foldEnded = { fold in
      progress?.line(
        (["fold \(fold.number)"] + fold.metrics.map { figure($0.name, $0.value) })
          .joined(separator: "  "))
      progress?.finish()
    }
    let result = try validation.run(in: folder, resuming: resuming)
    progress?.finish()
    try show(result, in: folder, input)
    if let signal = result.interruption {
      throw ZooError(
        signal == SIGINT ? .interrupted : .terminated,
        "interrupted and saved in fold \(result.folds.count + 1); --resume goes on")
    }
  }

  private static func show(
    _ result: CrossValidation.Result, in folder: String, _ input: Parsed
  ) throws {
    if try input.wantsJSON {
      let folds = result.folds.map { fold -> JSON in
        guard case .object(let members) = fold.json.content else { return fold.json }
        return JSON(
          .object(members + [("model", JSON("\(folder)/fold-\(fold.number)/best.h5"))]))
      }
      return emit(
        JSON(
          .object(
            [("run", JSON(folder)), ("folds", JSON(folds))] + result.summary
              + [("interrupted", JSON(result.interruption != nil))])))
    }
    let names = result.metrics
    var table = Table(
      ["fold", .right("train"), .right("held out")] + names.map { .right($0) })
    for fold in result.folds {
      table.add(
        ["\(fold.number)", grouped(fold.train), grouped(fold.held)]
          + fold.metrics.map { decimal($0.value, digits: 4) })
    }
    guard result.folds.count > 1 else { return print(table.text()) }
    table.rule()
    for (title, value) in [("mean", result.mean), ("deviation", result.deviation)] {
      table.add([title, "", ""] + names.map { value($0).map { decimal($0, digits: 4) } ?? "" })
    }
    print(table.text())
    print("\(folder)/fold-1 … fold-\(result.folds.count)  \(folder)/folds.csv".printable)
  }
}
