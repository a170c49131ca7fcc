import Testing
import ZooKit
import ZooStore

/// Messages, as they are shown.
@Suite struct LineTests {
  private let long = String(repeating: "a", count: 50) + String(repeating: "b", count: 10_000_000)

  @Test func longWordsAreCutInTheMiddle() {
    let line = "cannot read \(long).h5: it is a folder".line
    #expect(line.hasPrefix("cannot read " + String(repeating: "a", count: 50) + "b"))
    #expect(line.hasSuffix("b.h5: it is a folder"))
    // With the space before it.
    #expect(line.count == "cannot read it is a folder".count + 120)
  }

  @Test func quotedTextIsCutAsAWhole() {
    let words = Array(repeating: "word", count: 100).joined(separator: " ")
    #expect("the key “\(words)” occurs twice".line.count == "the key ” occurs twice".count + 120)
    #expect("the key “\(words)".line.count == "the key ".count + 120)
  }

  @Test func shortMessagesStay() {
    let message = "model.h5: “a b” has 3 values;\texpected 4"
    #expect(message.line == "model.h5: “a b” has 3 values;?expected 4")
    #expect("two\nlines\u{1B}[31m".line == "two lines?[31m")
    #expect("".line == "")
  }

  @Test func longNamesHaveNoNearOnes() {
    #expect(suggestion(long, among: ["resnet18"]) == "")
    #expect(suggestion("resnt18", among: ["resnet18"]) != "")
  }
}
