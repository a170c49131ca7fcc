import ModelZoo
import ZooArguments

struct VerifyVerb: Verb {
  let name = "verify"
  let summary = "check the integrity of checkpoints"
  let discussion = """
    Reads the whole checkpoint, compares its digests, and runs its golden pass: the output for the \
    stored input must match the stored output. Without MODEL, checks every installed checkpoint.
    """
  let models = Positional<[String]>(
    "MODEL", atLeast: 0, help: "checkpoint, variant or checkpoint file", completion: .models)
  var arguments: [any Argument] { [models] }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    let engine = try input[Common.engine]
    var names = try input[models]
    if names.isEmpty {
      names = zoo.catalog.records.filter { zoo.installed($0) != nil }.map(\.name)
      if names.isEmpty { try input.remark("no weights are installed") }
    }
    var results: [JSON] = []
    var firstError: ZooError?
    for name in names {
      do {
        let found = try zoo.verify(zoo.path(of: name), engine: engine)
        guard found.isGood else {
          throw ZooError.corrupt(
            "\(name): the golden pass is off by \(scientific(found.error ?? .infinity)), "
              + "more than \(scientific(found.tolerance ?? 0))")
        }
        let golden = found.error.map { "golden pass off by \(scientific($0))" } ?? "no golden pass"
        results.append([
          "name": JSON(name), "tensors": JSON(found.tensors),
          "error": found.error.map { JSON($0) } ?? nil, "good": true,
        ])
        if try !input.wantsJSON {
          print("\(name.printable)  good: \(found.tensors) tensors, \(golden)")
        }
      } catch let error as ZooError {
        results.append(["name": JSON(name), "good": false, "reason": JSON(error.message.line)])
        if try !input.wantsJSON { print("\(name)  bad: \(error.message)".line) }
        firstError = firstError ?? error
      }
    }
    if try input.wantsJSON { emit(JSON(results)) }
    if let firstError { throw firstError }
  }
}
