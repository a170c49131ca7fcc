import Foundation
import Testing
import ZooArguments
import ZooKit

@Suite struct ManualTests {
  let page = sample.manual(date: "2026-01-31")

  @Test func aVerbIsASectionWithEverythingItDeclares() {
    #expect(
      page.contains(
        #"""
        .SS "zoo export"
        \fBzoo export\fR \fIMODEL\fR \fB\-o\fR \fIOUT\fR [\fIOPTION\fR\|.\|.\|.]
        .PP
        Our store to what other tools load.
        .TP
        \fIMODEL\fR
        a model
        .TP
        \fB\-o\fR, \fB\-\-output\fR \fIOUT\fR
        the file to write (required)

        """#))
    for verb in sample.verbs {
      #expect(page.contains(".SS \"zoo \(verb.name)\"\n"))
      for form in (verb.arguments + verb.groups.flatMap(\.arguments)).map(\.declaration) {
        let names = form.names.isEmpty ? [form.placeholder] : form.names
        for name in names {
          let shown = name.replacingOccurrences(of: "-", with: "\\-")
          #expect(page.contains(shown) != form.isHidden, "\(verb.name) \(name)")
        }
      }
    }
  }

  @Test func whatIsTrueOfTheWholeProgram() {
    #expect(page.hasPrefix(#".TH ZOO 1 2026-01-31 "zoo 0.1.0""#))
    #expect(page.contains(".SH DESCRIPTION\nLooks at pictures.\n"))
    #expect(page.contains(".TP\n\\fBZOO_HOME\\fR\nwhere weights live\n"))
    for status in [0, 1, 64, 65, 66, 69, 73, 74, 130, 143] {
      #expect(page.contains(".TP\n\(status)\n"))
    }
  }

  /// A minus from the page works in a shell, quotes and backslashes are not troff's, and a line
  /// that starts like a request is text.
  @Test func textIsNotMarkup() {
    struct Odd: Verb {
      let name = "odd"
      let summary = #"a\nb \#(String(repeating: "x", count: 70)) .so what, 'tis "é…" -- 2^8 ~"#
      func run(_ input: Parsed) throws {}
    }
    let page = Program(name: "x-y", version: "1", summary: "s", verbs: [Odd()])
      .manual(date: "2026-01-31")
    #expect(page.contains(#"x\-y"#) && page.allSatisfy(\.isASCII))
    #expect(page.contains(#"A\enb "#))
    #expect(page.contains("\n\\&.so what, \\(aqtis \\(dq\\[u00E9]"))
    let known = [".TH", ".SH", ".SS", ".TP", ".PP", ".in", ".nf", ".fi"]
    for line in page.split(separator: "\n") where line.hasPrefix(".") {
      #expect(known.contains(String(line.prefix(3))), "\(line)")
    }
  }

  /// groff's and mandoc's checkers report nothing, if they are installed.
  @Test(arguments: [
    ["/usr/bin/mandoc", "-T", "lint"], ["/usr/bin/groff", "-man", "-Tutf8", "-ww", "-z"],
  ])
  func checkersAreContent(_ command: [String]) throws {
    guard access(command[0], X_OK) == 0 else { return }
    let process = Process()
    let input = Pipe()
    let output = Pipe()
    process.executableURL = URL(filePath: command[0])
    process.arguments = Array(command.dropFirst())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = output
    try process.run()
    // Small enough for a pipe's buffer.
    try input.fileHandleForWriting.write(contentsOf: Data(page.utf8))
    try input.fileHandleForWriting.close()
    let said = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(String(decoding: said, as: UTF8.self) == "")
  }
}
