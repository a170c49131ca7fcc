import ZooDetection
import ZooEngine
import ZooKit
import ZooStore
import ZooVision

/// A detected object, with its class name.
public struct DetectedObject: Sendable {
  public let name: String
  /// Index into the model's classes.
  public let index: Int
  public let score: Float
  /// In pixels of the picture.
  public let box: Box
}

extension Model {
  /// The detections in a picture, the most confident first.
  ///
  /// ```swift
  /// let model = try zoo.model("fasterrcnn-resnet50-fpn")
  /// for thing in try model.detect(Picture(contentsOf: "street.jpg"), .init(score: 0.5)) {
  ///   print(thing.name, thing.score, thing.box)
  /// }
  /// ```
  public func detect(
    _ picture: Picture, _ options: DetectionOptions = .init(),
    suppression: Suppression.Rule = .hard
  ) throws -> [DetectedObject] {
    try kept(as: suppression.rawValue) {
      try ObjectDetector($0, engine: $1, precision: $2, suppression: suppression)
    }.detect(picture, options)
  }

  /// The same for each of several pictures. Those of equal size are computed as one batch.
  public func detect(
    _ pictures: [Picture], _ options: DetectionOptions = .init(),
    suppression: Suppression.Rule = .hard
  ) throws -> [[DetectedObject]] {
    try kept(as: suppression.rawValue) {
      try ObjectDetector($0, engine: $1, precision: $2, suppression: suppression)
    }.detectEach(of: pictures, options)
  }
}

/// The detections in a picture.
struct DetectedObjects: Prediction {
  let objects: [DetectedObject]
  /// The most confident one, shown or not.
  let surest: DetectedObject?
  let threshold: Float

  static let columns = ["class", "score", "x0", "y0", "x1", "y1"]

  /// One row of empty cells if nothing was found.
  var rows: [[String]] {
    objects.isEmpty
      ? [Self.columns.map { _ in "" }]
      : objects.map { object in
        [object.name, String(describing: object.score)]
          + object.box.sides.map { String(describing: $0) }
      }
  }

  var table: PredictionTable {
    PredictionTable(
      .number("%"), "class", .number("left"), .number("top"), .number("right"), .number("bottom"),
      rows: objects.map { object in
        [decimal(Double(object.score) * 100, digits: 1), object.name]
          + object.box.sides.map { decimal(Double($0), digits: 1) }
      }, nothing: nothing)
  }

  /// “nothing found above a score of 0.5; the surest is cell with 0.31: --score 0.3 shows it”
  private var nothing: String {
    guard let surest else { return "nothing found, at any score" }
    return "nothing found above a score of \(threshold); the surest is \(surest.name) with "
      + "\(decimal(Double(surest.score), digits: 3)): --score \(surest.scoreBelow) shows it"
  }

  func members(_ files: DrawnFiles) -> [(key: String, value: JSON)] {
    let found = objects.map { object -> JSON in
      [
        "class": JSON(object.name), "index": JSON(object.index), "score": JSON(object.score),
        "box": JSON(object.box.sides.map { JSON($0) }),
      ]
    }
    return [("detections", JSON(found))]
  }

  func drawn(on picture: Picture) throws -> Picture { try picture.drawn(with: objects) }
}

extension DetectedObject {
  /// A short number below its score.
  fileprivate var scoreBelow: Double {
    for power in [100.0, 1000] {
      let below = (Double(score) * power).rounded(.down) / power
      if below > 0, Float(below) < score { return below }
    }
    return 0
  }
}

extension Box {
  /// Left, top, right, bottom.
  var sides: [Float] { [x0, y0, x1, y1] }

  var frame: Frame { Frame(x0: Double(x0), y0: Double(y0), x1: Double(x1), y1: Double(y1)) }
}

extension Picture {
  /// The picture with labelled boxes around the detections.
  public func drawn(with objects: [DetectedObject]) throws -> Picture {
    try marked(
      with: objects.map { object in
        LabelledBox(
          object.box.frame, label: object.name, score: Double(object.score),
          classIndex: object.index)
      })
  }
}
