import ModelZoo
import ZooArguments

struct PullVerb: Verb {
  let name = "pull"
  let summary = "download and convert official weights"
  let discussion = """
    The only verb that opens a network connection. The file is checked against its published digest \
    and converted to a checkpoint in the cache. An interrupted download resumes where it stopped.
    """
  let examples: KeyValuePairs = [
    "zoo pull resnet18 vgg16_bn": "download the default checkpoints of two variants"
  ]
  let names = Positional<[String]>("NAME", help: "checkpoint or variant", completion: .models)
  var arguments: [any Argument] { [names] }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    let records = try input[names].map { name in
      guard case .record(let record) = try zoo.reference(name) else {
        throw ZooError.notFound("no weights are published under the name \(name)")
      }
      return record
    }
    var results: [JSON] = []
    for record in records {
      if try input[Common.offline], zoo.installed(record) == nil {
        throw ZooError.unavailable(
          "\(record.name) is not installed, and --offline forbids downloading it")
      }
      let progress = Progress(record.name, unit: .bytes, quiet: try input[Common.quiet])
      let pulled = try zoo.pull(record) {
        progress.update(done: $0, of: $1)
      } waiting: {
        writeError("\(record.name): another process is downloading it")
      }
      progress.finish()
      let checked = pulled.checked.map(\.kind)
      if try !input.wantsJSON {
        let how = pulled.wasHere ? "already installed" : "verified by its \(checked ?? "digest")"
        print("\(record.name)  \(pulled.path.printable)  \(how)")
      }
      results.append([
        "name": JSON(record.name), "path": JSON(pulled.path), "wasHere": JSON(pulled.wasHere),
        "checked": JSON(checked),
      ])
    }
    if try input.wantsJSON { emit(JSON(results)) }
  }
}
