import Testing
import ZooArguments
import ZooKit

@Suite struct ProgramTests {
  @Test(
    arguments: [
      ("", 0), ("--help", 0), ("--version", 0), ("list", 0), ("list --help", 0), ("lsit", 64),
      ("fail --kind 1", 1), ("fail --kind 65", 65), ("fail --kind 66", 66), ("fail --kind 69", 69),
      ("fail --kind 73", 73), ("fail --kind 74", 74), ("fail", 1), ("completion", 64),
      ("completion fish", 0),
    ] as [(String, Int32)])
  func theExitStatusSaysWhatHappened(_ line: String, _ status: Int32) {
    #expect(sample.main(["zoo"] + words(line)) == status)
  }

  @Test func noNameAtAll() { #expect(sample.main([]) == 0) }

  @Test func aDescriptionIsChecked() {
    struct Odd: Verb {
      let name = "list"
      let summary = "another list"
      var arguments: [any Argument] {
        [
          Flag("--top", "-t", help: ""), Option<Int?>("--top", help: ""), Flag("-h", help: ""),
          Flag("long", help: ""), Flag("-5", help: ""), Flag("--a=b", help: ""), Flag(help: ""),
          Positional<[String]>("A", help: ""), Positional<[String]>("B", help: ""),
        ]
      }
      func run(_ input: Parsed) throws {}
    }
    #expect(sample.problems == [])
    let odd = Program(name: "x", version: "1", summary: "", verbs: [Odd(), Odd()])
    #expect(
      Set(odd.problems) == [
        "two verbs are called list", "x list: two arguments are called --top",
        "x list: -h is no name for an option", "x list: long is no name for an option",
        "x list: -5 is no name for an option", "x list: --a=b is no name for an option",
        "x list: an option has no name",
        "x list: two positionals take all the words that are left",
      ])
  }
}
