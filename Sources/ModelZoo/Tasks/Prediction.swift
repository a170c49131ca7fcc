import ZooEngine
import ZooKit
import ZooStore
import ZooVision

/// A model that answers with whatever its task predicts, for callers on any number of threads.
///
/// ```swift
/// let predictor = try model.predictor()
/// for answer in try predictor.predict([picture, another]) { print(answer.rows) }
/// ```
public protocol Predictor: Sendable {
  /// The titles of a prediction's cells: ``Prediction/rows``.
  var columns: [String] { get }

  /// All that the network needs of a picture. It may take far less memory, and is best made on the
  /// thread that read the picture.
  func prepare(_ picture: Picture) throws -> PreparedPicture

  /// A prediction for every picture. `progress` is called as parts of large pictures are done.
  func predict(
    _ pictures: [PreparedPicture], progress: (_ done: Int, _ of: Int) -> Void
  ) throws -> [any Prediction]
}

/// A picture that is ready for a network.
public enum PreparedPicture: Sendable {
  /// All that the network needs of it.
  case input(NetworkInput)
  /// The picture itself, for a network that takes pictures of any size.
  case picture(Picture)

  /// - Parameter make: makes the input of a picture.
  func input(_ make: (Picture) throws -> NetworkInput) rethrows -> NetworkInput {
    switch self {
    case .input(let input): input
    case .picture(let picture): try make(picture)
    }
  }

  /// - Throws: if only the input of a network is left of it.
  var whole: Picture {
    get throws {
      guard case .picture(let picture) = self else {
        throw ZooError.failure("a picture was expected, not the input of a network")
      }
      return picture
    }
  }
}

extension Predictor {
  public func prepare(_ picture: Picture) throws -> PreparedPicture { .picture(picture) }

  /// A prediction for every picture.
  public func predict(_ pictures: [Picture]) throws -> [any Prediction] {
    try predict(pictures.map(prepare)) { _, _ in }
  }
}

/// The pictures that will come, where that is known: plans are compiled for nothing else.
public struct Load: Hashable, Sendable {
  /// Calls at the same time.
  public var callers: Int
  /// Pictures in each call.
  public var batch: Int

  public init(callers: Int = 1, batch: Int = 1) { (self.callers, self.batch) = (callers, batch) }
}

extension Model {
  /// Answers of the model's task, whichever it is.
  /// - Parameters:
  ///   - options: the task's own, such as the score threshold of a detector.
  ///   - engine: the engine.
  ///   - precision: the number type.
  ///   - load: how many pictures come at once, if that is known.
  public func predictor(
    _ options: TaskOptions = [:], engine: EngineChoice = .auto, precision: Precision = .fp32,
    load: Load? = nil
  ) throws -> any Predictor {
    try checkpoint.task.definition.predictor(
      for: self, engine: engine, precision: precision, options, load: load)
  }
}

/// The answer for one picture, in every form that it can be shown in.
public protocol Prediction: Sendable {
  /// For a person.
  var table: PredictionTable { get }

  /// For a table of many pictures: cells under ``Predictor/columns``, in one row or, for a prediction of
  /// several things, in a row for each. Never empty.
  var rows: [[String]] { get }

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
  /// A line below the table, if it is not empty.
  public let note: String

  public init(
    _ columns: Column..., rows: [[String]], nothing: String = "", note: String = ""
  ) {
    self.columns = columns
    self.rows = rows
    (self.nothing, self.note) = (nothing, note)
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
