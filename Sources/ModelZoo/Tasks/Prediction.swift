import ZooEngine
import ZooKit
import ZooStore
import ZooVision

/// A compiled model for single pictures.
public protocol Predictor: AnyObject {
  /// The prediction for a picture. `progress` is called as parts of a large picture are done.
  func predict(_ picture: Picture, progress: (_ done: Int, _ of: Int) -> Void) throws
    -> any Prediction
}

/// The answer for one picture, in every form that it can be shown in.
public protocol Prediction: Sendable {
  /// For a person.
  var table: PredictionTable { get }

  /// For a program: the members of its JSON object beside `image`.
  /// - Parameter files: the files that were drawn.
  func members(_ files: DrawnFiles) -> [(key: String, value: JSON)]

  /// The picture with the answer on it.
  func drawn(on picture: Picture) throws -> Picture

  /// Writes the files of the answer; the default is the picture with the answer on it.
  func draw(on picture: Picture, in folder: inout DrawingFolder, as name: String) throws
    -> DrawnFiles
}

extension Prediction {
  public func draw(on picture: Picture, in folder: inout DrawingFolder, as name: String) throws
    -> DrawnFiles
  {
    [("drawing", try folder.write(drawn(on: picture), of: name))]
  }
}

/// The files of a drawing by kind, in the order of the output.
public typealias DrawnFiles = [(kind: String, path: String)]

/// Titles and rows of text.
public struct PredictionTable: Sendable {
  public struct Column: Sendable, ExpressibleByStringLiteral {
    public let title: String
    public let isNumber: Bool

    public init(stringLiteral title: String) { (self.title, isNumber) = (title, false) }
    private init(_ title: String, isNumber: Bool) {
      (self.title, self.isNumber) = (title, isNumber)
    }

    public static func number(_ title: String) -> Column { Column(title, isNumber: true) }
  }

  public let columns: [Column]
  public let rows: [[String]]
  /// Shown instead of a table without rows.
  public let nothing: String

  public init(_ columns: Column..., rows: [[String]], nothing: String = "") {
    self.columns = columns
    self.rows = rows
    self.nothing = nothing
  }
}

/// Pictures in, answers out: everything a task does around the network and between its parts.
public protocol Pipeline: AnyObject {
  func run(_ pictures: [Picture]) throws
  /// The answers as tensors, by name.
  func outputs(_ pictures: [Picture]) throws -> Weights
  /// The median time of every stage of the network, and of everything.
  func profile(_ pictures: [Picture], runs: Int) throws
    -> (stages: [(stage: PlanStage, time: Duration)], whole: Duration)
  /// The memory of its plans' values, in bytes.
  var arenaBytes: Int { get }
}

extension JSON {
  /// The shortest decimal that reads back as the same float32.
  init(_ number: Float) { self.init(Double("\(number)") ?? Double(number)) }
}
