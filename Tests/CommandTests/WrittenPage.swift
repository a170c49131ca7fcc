import Foundation
import Testing

/// A page that a program wrote.
struct WrittenPage {
  let text: String

  init(_ path: String) throws { text = try String(contentsOfFile: path, encoding: .utf8) }

  /// Every tag is closed, nothing is outside of an attribute, and nothing is asked of a network.
  func check(_ place: SourceLocation = #_sourceLocation) {
    #expect(text.hasPrefix("<!DOCTYPE html>\n"), sourceLocation: place)
    let body = text.dropFirst(15)
    let tags = body.matches(of: /<(\/?)([a-zA-Z0-9]+)([^<>]*)>/)
    #expect(tags.count == body.count { $0 == "<" }, sourceLocation: place)
    var open: [Substring] = []
    for tag in tags {
      if tag.1 == "/" {
        #expect(open.popLast() == tag.2, "\(tag.0)", sourceLocation: place)
      } else if !tag.3.hasSuffix("/") {
        open.append(tag.2)
      }
      let rest = tag.3.replacing(/\s[a-zA-Z-]+="[^"]*"/, with: "")
      #expect(["", "/"].contains(rest), "\(tag.0)", sourceLocation: place)
      for attribute in tag.3.matches(of: /\s([a-zA-Z-]+)="([^"]*)"/) {
        switch attribute.1 {
        case "src":
          #expect(attribute.2.hasPrefix("data:image/"), "\(tag.0)", sourceLocation: place)
        case "href", "xlink:href", "srcset", "action", "background", "poster":
          #expect(attribute.2.hasPrefix("#"), "\(tag.0)", sourceLocation: place)
        default:
          #expect(!attribute.1.hasPrefix("on"), "\(tag.0)", sourceLocation: place)
          #expect(!attribute.2.contains("url("), "\(tag.0)", sourceLocation: place)
        }
      }
    }
    #expect(open.isEmpty, sourceLocation: place)
    let style = body.matches(of: /<style>([^<]*)<\/style>/).map(\.1).joined()
    #expect(!style.contains("url(") && !style.contains("@import"), sourceLocation: place)
    for tag in ["script", "link", "iframe", "object", "embed", "base", "form", "video"] {
      #expect(!tags.contains { $0.2.lowercased() == tag }, "\(tag)", sourceLocation: place)
    }
    // Numbers that no chart can place.
    #expect(!text.contains(/[ M"]-?(nan|inf)/), sourceLocation: place)
  }

  /// The titles of its sections.
  var titles: [String] { text.matches(of: /<h2>([^<]*)<\/h2>/).map { String($0.1) } }

  var pictures: Int { text.matches(of: /<img\s/).count }
  var charts: Int { text.matches(of: /<svg\s/).count }
}
