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
    for entry in cases { try expectSameAsScikitLearn(entry) }
  }

  private func expectSameAsScikitLearn(_ entry: JSON) throws {
    let rows = try #require(entry["rows"]?.integer)
    let features = try #require(entry["features"]?.integer)
    let classes = try #require(entry["classes"]?.integer)
    let tensor = try Tensor([rows, features], numbers(entry, "values").map { Float($0) })
    let head = try LogisticHead(
      tensor, (0..<rows).map { $0 % classes }, of: Array(0..<rows / 2), classes: classes)
    let found = try head.probabilities(tensor, of: Array(rows / 2..<rows)).flatMap(\.self)
    let expected = numbers(entry, "probabilities")
    #expect(found.count == expected.count)
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-3 })
  }

  private func numbers(_ entry: JSON, _ key: String) -> [Double] {
    entry[key]?.list?.compactMap(\.number) ?? []
  }
}
