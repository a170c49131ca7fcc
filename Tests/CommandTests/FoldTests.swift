import Foundation
import ModelZoo
import TestSupport
import Testing

/// `zoo finetune --folds` beside scikit-learn on the same features and folds
/// (`Tests/Golden/folds/make.py`).
@Suite(.enabled(if: Fixtures.areHere, "real checkpoints are not part of the repository"))
struct FoldTests {
  private struct Golden: Decodable {
    struct Model: Decodable { let mean, deviation: Double }
    let folds: Int
    let parts: String
    let raw, standardised: Model
  }

  /// With every default, a new layer on frozen features is as good as logistic regression: their
  /// means differ by less than three of 244 pictures.
  @Test func asGoodAsLogisticRegression() throws {
    let golden = try JSONDecoder().decode(
      Golden.self,
      from: Data(
        contentsOf: URL(filePath: #filePath).deletingLastPathComponent()
          .deletingLastPathComponent().appending(path: "Golden/folds/golden.json")))
    let space = Workspace()
    let stack = try Fixtures.path("imagenet_conv_weights/alexnet_features_imagenet.pth")
    let start = try space.zoo("import", stack, "--as", "alexnet", "--partial", "-o", "start.h5")
    #expect(start.status == 0, "\(start.errors)")
    let outcome = try space.zoo(
      [
        "finetune", "start.h5", "--data", Fixtures.path("hymenoptera_256/train"), "-o", "run",
        "--folds", "\(golden.folds)", "--quiet", "--json",
      ], limit: 300)
    #expect(outcome.status == 0, "\(outcome.errors)")

    var parts: [String: Int] = [:]
    for fold in 1...golden.folds {
      let table = try String(
        contentsOfFile: space["run/fold-\(fold)/pictures.csv"], encoding: .utf8)
      for row in table.split(whereSeparator: \.isNewline).map({ $0.split(separator: ",") })
      where row[1] == "test" { parts[String(row[0])] = fold }
    }
    let order = parts.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    #expect(order.map { "\(parts[$0] ?? 0)" }.joined() == golden.parts)

    let mean = try #require(try outcome.json["mean"]?["accuracy"]?.number)
    let deviation = try #require(try outcome.json["deviation"]?["accuracy"]?.number)
    for other in [golden.raw, golden.standardised] {
      #expect(mean > other.mean - 3.0 / 244, "\(mean) beside \(other.mean)")
    }
    #expect(deviation < 0.06)
  }
}
