import Testing
import ZooArguments
import ZooKit

@Suite struct ParsingTests {
  @Test func aTypeSaysHowOftenAnArgumentMayStand() throws {
    let list = ListVerb()
    let bare = try parse("list")
    #expect(try bare[list.pattern] == nil)
    #expect(try bare[list.task] == nil)
    #expect(try bare[list.top] == 5)
    #expect(try bare[Common.json] == false)
    #expect(try bare[Common.engine] == .auto)
    #expect(try bare[Common.plugin] == [])
    #expect(!bare.isGiven(list.top))

    let full = try parse("list res* --task detection --top=7 --json --plugin a --plugin=b")
    #expect(try full[list.pattern] == "res*")
    #expect(try full[list.task] == "detection")
    #expect(try full[list.top] == 7)
    #expect(try full[Common.json])
    #expect(try full[Common.plugin] == ["a", "b"])
    #expect(full.isGiven(list.top))
  }

  @Test(arguments: ["-k 9", "-k=9", "-k9", "--top 9", "--top=9"])
  func everySpellingOfAnOption(_ spelling: String) throws {
    #expect(try parse("list \(spelling)")[ListVerb().top] == 9)
    #expect(try parse("list x \(spelling)")[ListVerb().pattern] == "x")
  }

  @Test func negativeNumbersAreValues() throws {
    let list = ListVerb()
    #expect(try parse("list --rate -0.5")[list.rate] == -0.5)
    #expect(try parse("list --rate=-1e-3")[list.rate] == -1e-3)
    #expect(try parse("list -5")[list.pattern] == "-5")
    #expect(try parse("list -")[list.pattern] == "-")
  }

  @Test func twoDashesEndTheOptions() throws {
    #expect(try parse("list -- --json")[ListVerb().pattern] == "--json")
    #expect(try parse("predict m -- --help -x")[PredictVerb().images] == ["--help", "-x"])
    #expect(try parse("list --")[ListVerb().pattern] == nil)
  }

  @Test func positionalsGoToTheirPlaces() throws {
    let predict = PredictVerb()
    let input = try parse("predict m a.jpg --draw d b.jpg --keep x --keep y")
    #expect(try input[predict.model] == "m")
    #expect(try input[predict.images] == ["a.jpg", "b.jpg"])
    #expect(try input[predict.keep] == ["x", "y"])
    #expect(try input[predict.input] == [3, 224, 224])
    #expect(try parse("predict m a --input 3x64x48")[predict.input] == [3, 64, 48])
    #expect(try parse("verify")[VerifyVerb().models] == [])
    #expect(try parse("verify a b")[VerifyVerb().models] == ["a", "b"])
  }

  @Test func commonOptionsMayStandBeforeTheVerb() throws {
    #expect(try parse("--json --engine onednn list")[Common.engine] == .onednn)
    #expect(try parse("--engine=onednn list")[Common.engine] == .onednn)
  }

  @Test(arguments: [
    ("lsit", "no verb is called lsit; did you mean list?; see 'zoo --help'"),
    ("''", "no verb is called an empty word; see 'zoo --help'"),
    (
      "--jsn list",
      "there is no option --jsn before the verb; did you mean --json?; see 'zoo --help'"
    ),
    ("list --tsak x", "zoo list has no option --tsak; did you mean --task?; see 'zoo list --help'"),
    ("list --secre", "zoo list has no option --secre; see 'zoo list --help'"),
    (
      "list --engine opnblas",
      "--engine wants one of openblas, onednn, auto; got opnblas; did you mean openblas?"
        + "; see 'zoo list --help'"
    ),
    ("list --top 0", "--top wants a whole number from 1 to 1000; got 0; see 'zoo list --help'"),
    ("list --top x", "--top wants a whole number from 1 to 1000; got x; see 'zoo list --help'"),
    (
      "list --top 99999999999999999999",
      "--top wants a whole number from 1 to 1000; got 99999999999999999999"
        + "; see 'zoo list --help'"
    ),
    ("list --rate nan", "--rate wants a number from -1 to 1; got nan; see 'zoo list --help'"),
    ("list --seed -1", "--seed wants a whole number from 0; got -1; see 'zoo list --help'"),
    ("list --top", "--top wants a value: --top N; see 'zoo list --help'"),
    ("list --top --json", "--top wants a value: --top N; see 'zoo list --help'"),
    ("list --top -- 3", "--top wants a value: --top N; see 'zoo list --help'"),
    ("list --top 1 -k 2", "-k is given twice; see 'zoo list --help'"),
    ("list --json=yes", "--json takes no value; see 'zoo list --help'"),
    ("list a b", "zoo list does not take the argument b; see 'zoo list --help'"),
    ("predict", "zoo predict wants MODEL; see 'zoo predict --help'"),
    ("predict m", "zoo predict wants IMAGE; see 'zoo predict --help'"),
    (
      "predict m a --input 3x0x4",
      "--input wants sizes such as 3x224x224; got 3x0x4; see 'zoo predict --help'"
    ),
    ("export m", "zoo export wants --output OUT; see 'zoo export --help'"),
    ("help lits", "no verb is called lits; did you mean list?; see 'zoo --help'"),
    (
      "completion fihs",
      "SHELL wants one of bash, zsh, fish; got fihs; did you mean fish?"
        + "; see 'zoo completion --help'"
    ),
  ])
  func usageErrorsSayWhatWasFoundAndWhatWasExpected(_ line: String, _ expected: String) {
    #expect(message(line) == expected)
  }

  @Test func anUndeclaredArgumentIsOurOwnMistake() throws {
    let error = #expect(throws: ZooError.self) { try parse("verify")[ListVerb().top] }
    #expect(error?.kind == .failure)
  }

  /// Words that mean something, words that nearly do, and noise.
  @Test func nothingCrashesOnAnyCommandLine() {
    let known = [
      "list", "predict", "export", "verify", "completion", "help", "--", "-", "", "=", "--=", "-k",
      "--top", "--top=", "--top=5", "--engine", "--engine=auto", "--json", "--json=", "--help",
      "-h",
      "--version", "--names", "--rate", "-1", "-1e400", "nan", "inf", "0x10", "3x224x224", "x",
      "-q",
      "9223372036854775808", "--input", "--input=9223372036854775807x2x2", "\u{0}", "\n", "é",
      "e\u{301}", "👩‍👩‍👧", "\u{FFFD}", "--\u{FFFD}", "-é", String(repeating: "a", count: 5000),
      String(repeating: "-", count: 300),
    ]
    let random = Random(seed: 20)
    var kinds: Set<String> = []
    for index in 0..<20_000 {
      let draw = random.key(index)
      let line = (0..<draw.below(8, 0)).map { place -> String in
        let word = known[draw.below(known.count, 10 + place)]
        guard draw.below(4, 30 + place) == 0 else { return word }
        let noise = (0..<draw.below(6, 50 + place)).map {
          UInt8(truncatingIfNeeded: draw.bits(100 * place + $0 + 1000))
        }
        return word + String(decoding: noise, as: UTF8.self)
      }
      do {
        switch try sample.request(line) {
        case .help, .manual, .version, .verbHelp: kinds.insert("help")
        case .run: kinds.insert("run")
        }
      } catch let error as ZooError {
        kinds.insert("usage")
        #expect(error.kind == .usage)
        #expect(error.message.utf8.count < 1000)
        #expect(!error.message.contains { $0.isNewline })
      } catch {
        Issue.record("\(line): \(error)")
      }
    }
    #expect(kinds == ["help", "run", "usage"])
  }
}
