import ModelZoo
import ZooArguments

struct VerifyVerb: Verb {
  let name = "verify"
  let summary = "check digests and the golden pass of checkpoints"
  let discussion = """
    Reads every number of a checkpoint, compares the digests, and runs the input that is stored in \
    it: the output must be the stored one. Without MODEL, everything on this machine is verified.
    """
  let models = Positional<[String]>(
    "MODEL", atLeast: 0, help: "checkpoints, variants or files", completion: .models)
  var arguments: [any Argument] { [models] }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    let engine = try input[Common.engine]
    var names = try input[models]
    if names.isEmpty {
      names = zoo.catalog.records.filter { zoo.installed($0) != nil }.map(\.name)
      if names.isEmpty { try input.remark("no weights are on this machine") }
    }
    var results: [JSON] = []
    var firstError: ZooError?
    for name in names {
      do {
        let found = try zoo.verify(zoo.path(of: name), engine: engine)
        guard found.isGood else {
          throw ZooError.corrupt(
            "\(name): the golden pass is off by \(scientific(found.error ?? .infinity)), "
              + "\(scientific(found.tolerance ?? 0)) is allowed")
        }
        let golden = found.error.map { "golden pass off by \(scientific($0))" } ?? "no golden pass"
        results.append([
          "name": JSON(name), "tensors": JSON(found.tensors),
          "error": found.error.map { JSON($0) } ?? nil, "good": true,
        ])
        if try !input.wantsJSON { print("\(name)  good: \(found.tensors) tensors, \(golden)") }
      } catch let error as ZooError {
        results.append(["name": JSON(name), "good": false, "reason": JSON(error.message)])
        if try !input.wantsJSON { print("\(name)  not good: \(error.message)".printable) }
        firstError = firstError ?? error
      }
    }
    if try input.wantsJSON { emit(JSON(results)) }
    if let firstError { throw firstError }
  }
}
