import ZooEngine
import ZooKit
import ZooStore
import ZooVision

/// The numbers that a model predicts for a picture.
public struct Regression: Sendable {
  public struct Value: Sendable {
    public let name: String
    /// In the units of the training data.
    public let value: Float
  }

  public let values: [Value]
}

extension Regression: Prediction {
  public var rows: [[String]] { [values.map { String(describing: $0.value) }] }

  public var table: PredictionTable {
    PredictionTable(
      "", .number("value"), rows: values.map { [$0.name, decimal(Double($0.value), digits: 4)] })
  }

  public func members(_ files: DrawnFiles) -> [(key: String, value: JSON)] {
    [("values", JSON(.object(values.map { ($0.name, JSON($0.value)) })))]
  }

  /// The picture with its numbers.
  public func drawn(on picture: Picture) throws -> Picture {
    try picture.captioned(
      with: values.map { Bar($0.name, value: decimal(Double($0.value), digits: 2)) })
  }
}

extension Model {
  /// Predicts the numbers of one picture.
  ///
  /// ```swift
  /// let pose = try zoo.model("run/best.h5").regress(Picture(contentsOf: "face.jpg"))
  /// for value in pose.values { print(value.name, value.value) }
  /// ```
  public func regress(_ picture: Picture) throws -> Regression {
    try kept { try Regressor($0, engine: $1, precision: $2) }.regress(picture)
  }

  /// The same for several pictures, computed in batches of 16.
  public func regress(_ pictures: [Picture]) throws -> [Regression] {
    try kept { try Regressor($0, engine: $1, precision: $2) }.regress(pictures)
  }
}
