import ZooKit

/// A detector whose boxes can be traced back to the outputs of its network, so that a box is explained
/// by gradients.
public protocol TraceableDetector: Detector {
  /// Where a box comes from that ``Detector/detect(in:_:running:)`` found in a batch of one picture.
  func origin(of detection: Detection, in batch: PictureBatch, running network: some PartRunner)
    throws -> BoxOrigin
}

/// Where a detector reads a box: some numbers of its network's outputs.
public struct BoxOrigin: Sendable {
  /// The network's inputs beside the picture, with a batch of one: the region of a second stage.
  public let inputs: [String: Tensor]
  /// The outputs that it reads.
  public let outputs: [String]
  /// The map from which a region is cut; nil means the last one before the outputs.
  public let map: String?
  /// A number of the box, computed from the outputs.
  public let read: @Sendable (BoxNumber, [String: Tensor]) throws -> BoxReading

  public init(
    inputs: [String: Tensor] = [:], outputs: [String], map: String? = nil,
    read: @escaping @Sendable (BoxNumber, [String: Tensor]) throws -> BoxReading
  ) {
    (self.inputs, self.outputs, self.map, self.read) = (inputs, outputs, map, read)
  }

  /// The derivatives of a number by the outputs.
  public func gradients(of number: BoxNumber, _ values: [String: Tensor]) throws
    -> [String: Tensor]
  {
    var gradients = values.mapValues { [Float](repeating: 0, count: $0.count) }
    for slope in try read(number, values).slopes {
      gradients[slope.output]?[slope.place] += Float(slope.slope)
    }
    return try Dictionary(
      uniqueKeysWithValues: values.map { ($0, try Tensor($1.shape, gradients[$0] ?? [])) })
  }
}

/// A number of a box.
public enum BoxNumber: String, CaseIterable, Sendable {
  /// The logarithm of the score, whose derivative does not vanish where the score is near 1.
  case score
  /// A side, in pixels of the network's input; it may lie outside the picture.
  case x0, y0, x1, y1

  /// The derivative of a side by the box's centre and by half of its length; nil for the score.
  public var side: (isAcross: Bool, byHalf: Double)? {
    switch self {
    case .score: nil
    case .x0: (true, -1)
    case .y0: (false, -1)
    case .x1: (true, 1)
    case .y1: (false, 1)
    }
  }
}

/// A number and its derivatives by some numbers of the network's outputs.
public struct BoxReading: Sendable {
  public let value: Double
  public let slopes: [Slope]

  public struct Slope: Sendable {
    public let output: String
    public let place: Int
    public let slope: Double

    public init(_ output: String, _ place: Int, _ slope: Double) {
      (self.output, self.place, self.slope) = (output, place, slope)
    }
  }

  public init(_ value: Double, _ slopes: [Slope]) { (self.value, self.slopes) = (value, slopes) }
}

extension Detection {
  /// How far another is from being this one; infinite for another class.
  public func distance(to other: Detection) -> Float {
    guard classIndex == other.classIndex else { return .infinity }
    return abs(box.x0 - other.box.x0) + abs(box.y0 - other.box.y0) + abs(box.x1 - other.box.x1)
      + abs(box.y1 - other.box.y1) + abs(score - other.score)
  }
}
