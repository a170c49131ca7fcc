import Foundation
import Testing
import ZooConformance
import ZooDetection
import ZooKit

/// The kit sees what is wrong with a detector's own part of the way: each of these breaks one
/// promise.
@Suite(.serialized)
struct DetectorFaultTests {
  @Test func aSoundDetectorConforms() throws { try Conformance.check(Finder<Sound>.self) }

  @Test func aGradientThatIsTooLargeIsFound() throws {
    try expect(.gradients, Finder<TooFar>.self, "the gradient of its loss reach is")
  }

  @Test func aGradientUphillIsFound() throws {
    try expect(.gradients, Finder<Uphill>.self, "the gradient of its loss score is")
  }

  @Test func aLossWithoutAGradientIsFound() throws {
    try expect(
      .gradients, Finder<Silent>.self,
      "no gradient that it sends back is the slope of its loss reach")
  }

  @Test func aShareThatIsForgottenIsFound() throws {
    try expect(.gradients, Finder<Shareless>.self, "does not give half the gradients")
  }

  @Test func aShareOfTheLossesIsFound() throws {
    try expect(.gradients, Finder<Modest>.self, "only gradients have a share")
  }

  @Test func chanceIsFound() throws {
    try expect(.gradients, Finder<Moody>.self, "with the same random numbers")
  }

  @Test func aLossWithoutANameIsFound() throws {
    try expect(.gradients, Finder<Nameless>.self, "3 losses and has names for 2")
  }

  /// It learns, and looks for things in another place than where it has learned them.
  @Test func lookingElsewhereIsFound() throws {
    try expect(.learning, Finder<Elsewhere>.self, "it finds 0 of 8 things")
  }
}

private protocol Fault: Sendable {}
private enum Sound: Fault {}
private enum TooFar: Fault {}
private enum Uphill: Fault {}
private enum Silent: Fault {}
private enum Shareless: Fault {}
private enum Modest: Fault {}
private enum Moody: Fault {}
private enum Nameless: Fault {}
private enum Elsewhere: Fault {}

/// One place, which has seen the whole picture, says of which class the thing in it is and where it
/// ends.
private struct Finder<F: Fault>: TrainableDetector {
  static var name: String { "Finder\(F.self)" }
  static var paper: String { "none" }
  static var variants: [String: Self] { ["finder": Self()] }
  var input: Shape { [3, 16, 16] }
  var classes: Int { 4 }
  var losses: [String] { ["score", "reach"] }
  private let whole = Graph.Part(from: ["image"], to: ["scores", "sides"])

  func features(_ image: Node) -> Node {
    image.stage("body") {
      $0.conv("conv", to: 12, kernel: 4, stride: 4).batchNorm("norm").relu().flatten()
        .dense("hidden", to: 32).relu()
    }
  }

  func head(_ features: Node, classes: Int) -> Node { features.dense("scores", to: classes) }

  func outputs(_ image: Node, _ head: Head) -> KeyValuePairs<String, Node> {
    let features = features(image)
    guard case .original(let classes) = head else { return ["features": features] }
    return [
      "scores": features.stage(Stage.head) { self.head($0, classes: classes) },
      "sides": features.stage("sides") { $0.dense("sides", to: 4) },
    ]
  }

  func detect(
    in batch: PictureBatch, _ options: DetectionOptions, running network: some PartRunner
  ) throws -> [[Detection]] {
    let values = try network(whole, ["image": batch.tensor])
    let (scores, sides, classes) = (values[0].values, values[1].values, values[0].shape[1])
    return batch.sizes.enumerated().map { picture, size in
      let place = Array(sides[4 * picture..<4 * picture + 4])
      let (width, height) = (Float(size.width), Float(size.height))
      let off: Float = F.self == Elsewhere.self ? width : 0
      let box = Box(
        place[0] * width + off, place[1] * height, place[2] * width + off, place[3] * height)
      return (0..<classes).map {
        Detection(
          box, classIndex: $0, score: 1 / (1 + exp(-scores[picture * classes + $0])))
      }
    }
  }

  func learn(from batch: DetectionBatch, running network: some TrainingPartRunner) throws
    -> [Double]
  {
    let values = try network.forward(whole, ["image": batch.pictures.tensor])
    guard let scores = values["scores"], let sides = values["sides"] else {
      throw ZooError.failure("no values")
    }
    let classes = scores.shape[1]
    let share = F.self == Shareless.self ? 1 : Float(batch.share)
    let count = Float(batch.truths.count)
    var (named, reached) = (0.0, 0.0)
    var slopes = scores.values
    var pulls = sides.values
    for (picture, truths) in batch.truths.enumerated() {
      guard let truth = truths.first else { continue }
      for label in 0..<classes {
        let index = picture * classes + label
        let odds = 1 / (1 + exp(-slopes[index]))
        let wanted: Float = label == truth.classIndex ? 1 : 0
        named -= Double(log(max(1e-7, wanted > 0 ? odds : 1 - odds)) / count)
        slopes[index] = (F.self == Uphill.self ? -share : share) * (odds - wanted) / count
      }
      let (width, height) = (
        Float(batch.pictures.size.width), Float(batch.pictures.size.height)
      )
      let box = truth.box
      for (side, wanted) in [
        box.x0 / width, box.y0 / height, box.x1 / width, box.y1 / height,
      ].enumerated() {
        let off = pulls[4 * picture + side] - wanted
        reached += Double(off * off / count)
        let factor: Float = F.self == TooFar.self ? 2.2 : F.self == Silent.self ? 0 : 2
        pulls[4 * picture + side] = factor * share * off / count
      }
    }
    _ = try network.backward(
      whole, ["scores": Tensor(scores.shape, slopes), "sides": Tensor(sides.shape, pulls)])
    if F.self == Modest.self { (named, reached) = (named * batch.share, reached * batch.share) }
    if F.self == Moody.self { named *= Double.random(in: 0.5...1.5) }
    return F.self == Nameless.self ? [named, reached, 0] : [named, reached]
  }
}
