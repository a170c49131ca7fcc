import Foundation
import ModelZoo
import TestSupport
import Testing

/// The same probabilities as scikit-learn's, on features of very different sizes, with one that is
/// constant, and with more features than rows. `Tests/Golden/suspects/make.py` makes the numbers.
@Suite struct LogisticHeadTests {
  @Test func sameAsScikitLearn() throws {
    let path = URL(filePath: #filePath).appending(path: "../../Golden/suspects/logistic.json")
      .standardized.path
    let cases = try #require(
      try JSON(parsing: Data(contentsOf: URL(filePath: path)), origin: path).list)
    #expect(cases.count == 3)
    for entry in cases {
      let rows = try #require(entry["rows"]?.integer)
      let features = try #require(entry["features"]?.integer)
      let classes = try #require(entry["classes"]?.integer)
      let values = entry["values"]?.list?.compactMap { $0.number.map { Float($0) } } ?? []
      let expected = entry["probabilities"]?.list?.compactMap(\.number) ?? []
      let labels = (0..<rows).map { $0 % classes }
      let tensor = try Tensor([rows, features], values)
      let head = try LogisticHead(
        tensor, labels, of: Array(0..<rows / 2), classes: classes)
      let found = try head.probabilities(tensor, of: Array(rows / 2..<rows)).flatMap(\.self)
      #expect(found.count == expected.count)
      for (ours, theirs) in zip(found, expected) { #expect(abs(ours - theirs) < 1e-3) }
    }
  }
}
