import ModelZoo
import ZooArguments

struct PageVerb: Verb {
  let name = "page"
  let summary = "compose the demo's page of what its commands left"
  let discussion = """
    One file that needs no other, no script and no network. Nothing on it is from elsewhere than \
    DIR and the pictures that the runs in it were judged on.
    """
  let folder = Positional<String>("DIR", help: "the folder of the demo", completion: .folders)
  let output = Option<String>(
    "-o", "--output", value: "FILE", help: "the page", completion: .files(endings: ["html"]))
  var arguments: [any Argument] { [folder, output] }

  func run(_ input: Parsed) throws {
    let page = try DemoPage(Tour(input[folder])).markup
    try Publication.write(to: input[output]) { try $0.append(page.text.utf8) }
  }
}
