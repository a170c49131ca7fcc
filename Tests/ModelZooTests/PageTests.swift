import Foundation
import TestSupport
import Testing

import ModelZoo

/// What every self-contained page keeps to.
@Suite struct PageTests {
  private func page(_ name: String) throws -> String {
    let dots = try Picture(width: 8, height: 8, channels: 1, pixels: (0..<64).map { UInt8($0) })
    let photo = try Picture(
      width: 300, height: 200, channels: 3, pixels: (0..<180_000).map { UInt8($0 % 251) })
    let chart = LineChart(
      title: name, x: .share("x"), y: .share("y"),
      lines: [.init(name: name, note: name, points: [[0, 0], [0.5, 0.25], [1, 1]])],
      diagonal: name, marks: [.init([0.5, 0.25], name)])
    let word = Markup(words: name)
    return Page(
      title: name,
      head: PageHead(name, lead: word, figures: [.init(name, word)]).markup,
      sections: [
        PageSection(
          name, notes: [word],
          body: """
            \(try .image(dots, alt: name))\(try .image(photo, alt: name))\(chart.markup)\
            \(.table([word], [[word]]))\(.confusion([name, name], [[1, 2], [3, 4]]))\
            \(.legend([(name, Colour(ofClass: 1))]))\(.facts([(name, word)]))
            """)
      ], foot: word
    ).html
  }

  @Test func namesStayWords() throws {
    let hostile = "<script src=\"http://evil/x.js\">alert('1')</script>\u{1B}&\"'"
    let page = try page(hostile)
    #expect(!page.contains("<script") && page.contains("&lt;script src=&quot;http"))
    // No attribute ends early: what is left of a tag without attributes is nothing.
    for tag in page.dropFirst(15).matches(of: /<\/?[a-zA-Z0-9]+([^<>]*)>/) {
      let rest = tag.1.replacing(/\s[a-zA-Z-]+="[^"]*"/, with: "")
      #expect(["", "/"].contains(rest), "\(tag.0)")
    }
    #expect(page.count(where: { $0 == "<" }) == page.matches(of: /<[!\/a-zA-Z]/).count)
    #expect(!page.unicodeScalars.contains("\u{1B}"))
  }

  @Test func asksForNothing() throws {
    let page = try page("ant")
    #expect(!page.contains("<script") && !page.contains("<link") && !page.contains("@import"))
    #expect(!page.contains("url(") && !page.contains("href") && !page.contains("://"))
    let sources = page.matches(of: /src="([^"]{0,16})/)
    #expect(sources.map { String($0.1) } == ["data:image/png;b", "data:image/jpeg;"])
  }

  @Test func isTheSameEveryTime() throws { #expect(try page("ant") == page("ant")) }

  @Test func thumbnailsAreSmall() throws {
    let photo = try Picture(
      width: 4000, height: 100, channels: 3,
      pixels: (0..<1_200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
    let image = try Markup.image(photo, alt: "", longest: 200).text
    #expect(image.contains("width=\"200\" height=\"5\"") && image.utf8.count < 4000)
    #expect(try photo.shrunk(to: 5000) == photo)
  }

  @Test func encodesBase64() {
    for count in 0...7 {
      let bytes = (0..<count).map { UInt8(251 * ($0 + 1) & 255) }
      #expect(base64(bytes) == Data(bytes).base64EncodedString())
    }
  }

  /// A curve of very many points is drawn with few, and its ends stay.
  @Test func longCurvesAreThinned() {
    let points = (0...100_000).map { SIMD2(Double($0) / 100_000, Double($0) / 100_000) }
    let chart = LineChart(
      title: "", x: .share("x"), y: .share("y"), lines: [.init(points: points)])
    #expect(chart.markup.text.utf8.count < 30_000)
    #expect(chart.markup.text.contains("M40.0 230.0L") && chart.markup.text.contains("L388.0 30.0"))
  }
}
