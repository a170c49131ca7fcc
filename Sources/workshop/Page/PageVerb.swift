import ModelZoo
import ZooArguments

struct PageVerb: Verb {
  let name = "page"
  let summary = "write the demo's page from the output of its commands"
  let discussion = """
    A single file without scripts, which needs no network. Its content comes only from DIR and the \
    test pictures of its runs.
    """
  let folder = Positional<String>("DIR", help: "the folder of the demo", completion: .folders)
  let output = Option<String>(
    "-o", "--output", value: "FILE", help: "the page", completion: .files(endings: ["html"]))
  var arguments: [any Argument] { [folder, output] }

  func run(_ input: Parsed) throws {
    try DemoPage(Tour(input[folder])).page.write(to: input[output])
  }
}
