import ZooData
import ZooExplain
import ZooKit
import ZooVision

/// Whether the highest value of a map lies on the object that it explains (Zhang et al.,
/// arXiv:1608.00507).
///
/// ```swift
/// let game = try PointingGame(Dataset.open("voc"))
/// try game.isHit(explanation, in: photo, named: "photos/2007_000027.jpg")
/// ```
public struct PointingGame: Sendable {
  /// How far from a box the highest value may lie, in pixels of the picture.
  public static let tolerance = 15.0
  public let classes: [String]
  private let path: String
  private let annotations: [String: Annotation]

  /// - Parameter data: boxes, of pictures that are told by their names without folder and ending.
  public init(_ data: Dataset) throws {
    guard data.task == .detection else {
      throw ZooError.corrupt("\(data.path) has no boxes: it is \(data.description)")
    }
    (path, classes) = (data.path, data.classes)
    annotations = Dictionary(
      data.splits.flatMap(\.items).map { ($0.name.pictureName, $0.annotation) }
    ) { first, _ in first }
  }

  /// Nil if the data has no box of the class in the picture.
  public func isHit(_ explanation: Explanation, in picture: Picture, named name: String) throws
    -> Bool?
  {
    // A detector's box is named by its class and a number.
    let names = [explanation.subject, explanation.subject.droppingLastWord]
    guard let index = names.lazy.compactMap(classes.firstIndex(of:)).first,
      let annotation = annotations[name.pictureName]
    else { return nil }
    let frames = try frames(annotation, in: picture, named: name, of: index)
    guard !frames.isEmpty else { return nil }
    let (x, y) = try explanation.peak
    let slack = Self.tolerance
    return frames.contains {
      $0.x0 - slack <= x && x <= $0.x1 + slack && $0.y0 - slack <= y && y <= $0.y1 + slack
    }
  }

  private func frames(
    _ annotation: Annotation, in picture: Picture, named name: String, of classIndex: Int
  ) throws -> [Frame] {
    switch annotation {
    case .boxes(let boxes, let size):
      guard size == nil || size == picture.size else {
        throw ZooError.corrupt(
          "\(name) has \(picture.width)×\(picture.height) pixels, \(path) says "
            + (size.map { "\($0.width)×\($0.height)" } ?? "nothing"))
      }
      return boxes.filter { $0.classIndex == classIndex }.map(\.frame)
    case .fractions(let boxes):
      let (width, height) = (Double(picture.width), Double(picture.height))
      return boxes.filter { $0.classIndex == classIndex }.map {
        Frame(
          x0: $0.frame.x0 * width, y0: $0.frame.y0 * height, x1: $0.frame.x1 * width,
          y1: $0.frame.y1 * height)
      }
    case .none, .label, .labels, .mask, .values: return []
    }
  }
}

extension String {
  fileprivate var droppingLastWord: String {
    String(lastIndex(of: " ").map { self[..<$0] } ?? self[...])
  }

  /// The name of a picture without folder and ending: `photos/cat.jpg` is `cat`.
  package var pictureName: String {
    let last = split(separator: "/").last ?? "picture"
    return String(last.lastIndex(of: ".").map { last[..<$0] } ?? last)
  }
}
