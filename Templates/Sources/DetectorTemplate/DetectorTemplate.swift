import Glibc
import ZooDetection
import ZooKit

/// Describe the network here: what sets it apart, who published it and when, where to read it, and
/// which table the widths below are from. Name parameters as in the weights that are to fit.
///
/// As it is, each position of the last map predicts whether it is the centre of an object, and how
/// far the object reaches from there.
public struct DetectorTemplate: TrainableDetector {
  public static let name = "DetectorTemplate"
  public static let paper = "authors and year, where to read it"
  public static let variants = [
    "detectortemplate": DetectorTemplate(widths: [32, 64, 128]),
    "detectortemplate-small": DetectorTemplate(widths: [16, 32, 64]),
  ]
  public static let miniatures = ["detectortemplate": DetectorTemplate(widths: [8, 12, 16])]

  /// Channels of each stage; each halves the map.
  let widths: [Int]

  public var input: Shape { [3, 256, 256] }
  public var classes: Int { 20 }

  // MARK: The graph

  public func features(_ image: Node) -> Node {
    widths.indices.reduce(image) { x, index in
      x.stage("layer\(index + 1)") {
        $0.scope("layer\(index + 1)") {
          $0.conv("conv", to: widths[index], kernel: 3, stride: 2, padding: 1, bias: false)
            .batchNorm("bn").relu()
        }
      }
    }
  }

  /// The score of each position as the centre of an object, for every class.
  public func head(_ features: Node, classes: Int) -> Node {
    features.conv("scores", to: classes, kernel: 1)
  }

  public func outputs(_ image: Node, _ head: Head) -> KeyValuePairs<String, Node> {
    let features = features(image)
    switch head {
    case .none: return ["features": features]
    case .original(let classes):
      return [
        "scores": features.stage(Stage.head) { self.head($0, classes: classes) },
        // Left, up, right and down, as logarithms of strides.
        "reaches": features.stage("reaches") { $0.conv("reaches", to: 4, kernel: 1) },
      ]
    default: return ["scores": image.refused("a detector has no head but its own")]
    }
  }

  // MARK: Detecting

  private static let whole = Graph.Part(from: ["image"], to: ["scores", "reaches"])

  public func detect(
    in batch: PictureBatch, _ options: DetectionOptions, running network: some PartRunner
  ) throws -> [[Detection]] {
    let values = try network(Self.whole, ["image": batch.tensor])
    let (scores, reaches, grid) = (values[0].values, values[1].values, Grid(values[0], batch))
    return batch.sizes.enumerated().map { picture, size in
      var found: [Detection] = []
      for place in 0..<grid.places {
        let sides = (0..<4).map { reaches[(4 * picture + $0) * grid.places + place] }
        let box = grid.box(at: place, sides).clipped(to: size)
        for label in 0..<grid.classes {
          let score = 1 / (1 + exp(-scores[grid.index(picture, label, place)]))
          guard score > options.score, box.isFinite, box.hasSides(atLeast: 1) else { continue }
          found.append(Detection(box, classIndex: label, score: score))
        }
      }
      let kept = Suppression.greedy(
        found.map(\.box), scores: found.map(\.score), groups: found.map(\.classIndex),
        threshold: options.iou)
      return kept.prefix(options.limit).map { found[$0] }
    }
  }

  // MARK: Training

  public var losses: [String] { ["score", "reach"] }

  /// Cross-entropy of every score, with the centres of objects weighing as much as all other
  /// positions together; squared errors of the reaches at the centres.
  public func learn(
    from batch: DetectionBatch, running network: some TrainingPartRunner
  ) throws -> [Double] {
    let values = try network.forward(Self.whole, ["image": batch.pictures.tensor])
    guard let scores = values["scores"], let reaches = values["reaches"] else {
      throw ZooError.failure("the network gives no scores and reaches")
    }
    let grid = Grid(scores, batch.pictures)
    var truth = Array(repeating: Float(0), count: scores.count)
    var sides: [Int: Float] = [:]
    for (picture, things) in batch.truths.enumerated() {
      for thing in things where thing.classIndex < grid.classes {
        let place = grid.place(of: thing.box)
        truth[grid.index(picture, thing.classIndex, place)] = 1
        for (side, reach) in grid.reaches(of: thing.box, from: place).enumerated() {
          sides[(4 * picture + side) * grid.places + place] = reach
        }
      }
    }
    let (things, share) = (max(1, truth.reduce(0, +)), Float(batch.share))
    var losses = [0.0, 0.0]
    let slopes = zip(scores.values, truth).map { logit, truth in
      let odds = 1 / (1 + exp(-logit))
      let weight = truth > 0 ? 1 / things : 1 / max(1, Float(scores.count) - things)
      losses[0] -= Double(weight * log(max(1e-7, truth > 0 ? odds : 1 - odds)))
      return share * weight * (odds - truth)
    }
    let found = reaches.values
    var pulls = Array(repeating: Float(0), count: reaches.count)
    for (index, reach) in sides {
      let off = found[index] - reach
      losses[1] += Double(off * off / (4 * things))
      pulls[index] = share * off / (2 * things)
    }
    _ = try network.backward(
      Self.whole,
      ["scores": Tensor(scores.shape, slopes), "reaches": Tensor(reaches.shape, pulls)])
    return losses
  }
}

/// The positions of the last map, in pixels of the batch.
private struct Grid {
  let classes, height, width: Int
  let stride: Float
  var places: Int { height * width }

  init(_ scores: Tensor, _ pictures: PictureBatch) {
    (classes, height, width) = (scores.shape[1], scores.shape[2], scores.shape[3])
    stride = Float(pictures.size.width) / Float(max(1, width))
  }

  func index(_ picture: Int, _ label: Int, _ place: Int) -> Int {
    (classes * picture + label) * places + place
  }

  /// The position of a box's centre.
  func place(of box: Box) -> Int {
    let row = Int((box.y0 + box.y1) / 2 / stride)
    let column = Int((box.x0 + box.x1) / 2 / stride)
    return min(max(row, 0), height - 1) * width + min(max(column, 0), width - 1)
  }

  private func middle(_ place: Int) -> (x: Float, y: Float) {
    ((Float(place % width) + 0.5) * stride, (Float(place / width) + 0.5) * stride)
  }

  func reaches(of box: Box, from place: Int) -> [Float] {
    let (x, y) = middle(place)
    return [x - box.x0, y - box.y0, box.x1 - x, box.y1 - y].map {
      log(max($0 / stride, 0.1))
    }
  }

  func box(at place: Int, _ reaches: [Float]) -> Box {
    let (x, y) = middle(place)
    let sides = reaches.map { exp(min($0, 8)) * stride }
    return Box(x - sides[0], y - sides[1], x + sides[2], y + sides[3])
  }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(DetectorTemplate.self) }
