import ZooKit

/// Metrics of masks: how well the prediction covers the truth.
///
/// Pixels of all pictures are counted together, as is usual for IoU.
///
/// ```swift
/// var metrics = SegmentationMetrics(classes: ["background", "cell"])
/// try metrics.update(predicted: drawn, truth: mask)
/// metrics.dice(of: 1)
/// ```
public struct SegmentationMetrics: Sendable {
  public let classes: [String]
  /// Pixels with this true value are ignored, like VOC's 255.
  public let ignored: UInt8?
  public private(set) var confusion: ConfusionMatrix
  public private(set) var count = 0
  /// Of each picture.
  private(set) var pictures: [ConfusionMatrix] = []

  public init(classes: [String], ignoring ignored: UInt8? = nil) {
    self.classes = classes
    self.ignored = ignored
    confusion = ConfusionMatrix(classes: classes.count)
  }

  /// Adds one picture: the predicted and true class of each pixel.
  public mutating func update(
    predicted: UnsafeBufferPointer<UInt8>, truth: UnsafeBufferPointer<UInt8>
  ) throws {
    guard predicted.count == truth.count else {
      throw ZooError.failure(
        "a mask of \(predicted.count) pixels cannot be compared with one of \(truth.count)")
    }
    // Count all pairs of bytes, which needs no test per pixel.
    var pairs = [Int](repeating: 0, count: 1 << 16)
    for index in truth.indices { pairs[Int(truth[index]) << 8 | Int(predicted[index])] += 1 }
    var own = ConfusionMatrix(classes: classes.count)
    for (pair, count) in pairs.enumerated() where count > 0 {
      let (real, drawn) = (pair >> 8, pair & 255)
      if let ignored, real == Int(ignored) { continue }
      guard real < classes.count, drawn < classes.count else {
        throw ZooError.failure(
          "a mask has class \(max(real, drawn)); expected 0 to \(classes.count - 1)")
      }
      own.add(truth: real, predicted: drawn, count: count)
    }
    try confusion.add(own)
    pictures.append(own)
    count += 1
  }

  /// The metrics of repeated pictures.
  func repeated(_ counts: [Int]) -> SegmentationMetrics {
    var repeated = SegmentationMetrics(classes: classes, ignoring: ignored)
    for (picture, count) in zip(pictures, counts) where count > 0 {
      repeated.confusion.add(picture, times: count)
      repeated.count += count
    }
    return repeated
  }

  public mutating func update(predicted: [UInt8], truth: [UInt8]) throws {
    try predicted.withUnsafeBufferPointer { predicted in
      try truth.withUnsafeBufferPointer { try update(predicted: predicted, truth: $0) }
    }
  }
}

extension SegmentationMetrics {
  public func iou(of index: Int) -> Double? { confusion.jaccard(of: index) }
  public func dice(of index: Int) -> Double? { confusion.f1(of: index) }
  /// The share of the class's pixels that were predicted correctly.
  public func pixelAccuracy(of index: Int) -> Double? { confusion.recall(of: index) }

  /// Over the classes that occur in a mask, predicted or true.
  public var meanIoU: Double? { confusion.macroJaccard }
  public var meanDice: Double? { confusion.macroF1 }
  public var pixelAccuracy: Double? { confusion.accuracy }
  /// The mean over the classes that occur in the truth.
  public var meanPixelAccuracy: Double? { confusion.balancedAccuracy }

  /// The report of `zoo evaluate`. For two classes, `iou` and `dice` are the second one's.
  public func report(model: String, data: String) -> Report {
    var metrics: [(String, Double?)] = [
      ("pixelAccuracy", pixelAccuracy), ("meanPixelAccuracy", meanPixelAccuracy),
      ("meanIoU", meanIoU), ("meanDice", meanDice),
    ]
    if classes.count == 2 {
      metrics += [
        ("iou", iou(of: 1)), ("dice", dice(of: 1)), ("sensitivity", confusion.recall(of: 1)),
        ("specificity", confusion.specificity(of: 1)),
      ]
    }
    return Report(
      model: model, data: data, count: count, task: .segmentation, metrics: metrics,
      perClass: classes.indices.map { index in
        Report.Class(
          name: classes[index], index: index, count: confusion.support(of: index),
          metrics: [
            ("iou", iou(of: index)), ("dice", dice(of: index)),
            ("pixelAccuracy", pixelAccuracy(of: index)),
            ("precision", confusion.precision(of: index)),
          ])
      },
      confusion: confusion.rows, findings: self)
  }
}
