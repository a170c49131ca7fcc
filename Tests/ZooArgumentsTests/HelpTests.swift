import Testing
import ZooArguments
import ZooStore

@Suite struct HelpTests {
  let plain = Terminal(isTerminal: false)

  @Test func theHelpOfAVerb() {
    #expect(
      sample.help(of: ListVerb(), for: plain) == """
        zoo list: what there is

        Every checkpoint of the catalogue with its task, its parameters and its licence.
        A pattern is a name or a part of one; * stands for anything.

        A second paragraph.

        Usage
          zoo list [PATTERN] [OPTION…]

        Arguments
          PATTERN  a name, or a part of one

        Options
              --task T  only models for this task (classification, segmentation,
                        detection)
          -k, --top N   so many (default: 5)
              --rate X  a rate
              --seed N  where random numbers start

        Common options
              --json         print JSON on standard output and nothing else there
              --engine E     what computes (openblas, onednn, auto; default: auto)
              --plugin PATH  a dynamic plugin (repeatable)
          -q, --quiet        no progress and no warnings
          -h, --help         show this help

        Examples
          zoo list 'resnet*'
              every ResNet

        """)
  }

  @Test func theHelpOfTheProgram() {
    #expect(
      sample.help(for: plain) == """
        zoo 0.1.0: a model zoo for computer vision

        Looks at pictures.

        Usage
          zoo VERB [ARGUMENT…] [OPTION…]

        Verbs
          list        what there is
          predict     classes, boxes or a mask for pictures
          export      our store to what other tools load
          verify      digests and the golden forward pass
          fail        fails
          completion  print a shell completion script

        Common options
              --json         print JSON on standard output and nothing else there
              --engine E     what computes (openblas, onednn, auto; default: auto)
              --plugin PATH  a dynamic plugin (repeatable)
          -q, --quiet        no progress and no warnings
          -h, --help         show this help
              --version      show the version

        Environment
          ZOO_HOME  where weights live
          NO_COLOR  neither bold nor colour

        'zoo help VERB' describes a verb; 'zoo help --man' prints the manual page.

        """)
  }

  @Test func groupsAndWhatMustBeThere() {
    let predict = sample.help(of: PredictVerb(), for: plain)
    #expect(predict.contains("  zoo predict MODEL IMAGE… [OPTION…]\n"))
    #expect(
      predict.contains(
        """
        Results
              --draw DIR     draws onto copies
              --keep NODE    a named intermediate (repeatable)
              --input CxHxW  the picture's size (default: 3x224x224)

        """))
    let export = sample.help(of: ExportVerb(), for: plain)
    #expect(export.contains("  zoo export MODEL -o OUT [OPTION…]\n"))
    #expect(export.contains("  -o, --output OUT  the file to write (required)\n"))
  }

  @Test(arguments: [20, 40, 60, 80, 100, 300])
  func noLineIsWiderThanTheTerminal(_ width: Int) {
    let terminal = Terminal(isTerminal: true, width: width)
    for verb in sample.verbs {
      for line in sample.help(of: verb, for: terminal).split(separator: "\n") where width >= 60 {
        #expect(line.count <= min(width, 100), "\(line)")
      }
    }
  }

  @Test(arguments: [
    ("--help", "help"), ("-h", "help"), ("", "help"), ("help", "help"), ("--json", "help"),
    ("--help list", "help"), ("list --help", "list"), ("list --nonsense -h", "list"),
    ("predict --help", "predict"), ("help list", "list"), ("help completion", "completion"),
    ("help --man", "manual"), ("help list --man", "list"),
    ("--version", "version"), ("--version list", "version"), ("list -- --help", "run"),
  ])
  func helpIsEverywhere(_ line: String, _ expected: String) throws {
    let found =
      switch try sample.request(words(line)) {
      case .help: "help"
      case .manual: "manual"
      case .version: "version"
      case .verbHelp(let verb): verb.name
      case .run: "run"
      }
    #expect(found == expected)
  }
}
