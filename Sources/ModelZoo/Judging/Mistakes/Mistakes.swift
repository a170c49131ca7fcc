import ZooData
import ZooKit
import ZooVision

/// The mistakes of an evaluation in groups. It holds no picture: those that are shown are read
/// again, one page at a time.
public struct Mistakes {
  /// Mistakes of one kind: one class taken for another.
  public struct Group {
    public let title: String
    /// The worst first.
    public let mistakes: [Mistake]

    public init(_ title: String, _ mistakes: [Mistake]) {
      (self.title, self.mistakes) = (title, mistakes)
    }
  }

  public let summary: String
  public let groups: [Group]
  /// The titles of each mistake's cells.
  public let columns: [String]
  public let layout: ContactSheet.Layout
  /// The number of mistakes of a group that are drawn.
  public let mostDrawn: Int
  /// The meaning of the colours in which mistakes are drawn.
  public var legend: [(name: String, colour: Colour)] = []
  /// A mistake's picture.
  public let draw: (Mistake, Sample) throws -> Picture

  /// - Parameters:
  ///   - summary: how many answers are wrong.
  ///   - groups: in the order of the pages.
  ///   - columns: the titles of the mistakes' cells.
  ///   - layout: the layout of the pages.
  ///   - mostDrawn: the number of mistakes of a group that are drawn.
  ///   - draw: makes a mistake's picture from its sample.
  public init(
    _ summary: String, _ groups: [Group], columns: [String], layout: ContactSheet.Layout,
    mostDrawn: Int, draw: @escaping (Mistake, Sample) throws -> Picture = { $1.picture }
  ) {
    self.summary = summary
    self.groups = groups
    self.columns = columns
    self.layout = layout
    self.mostDrawn = mostDrawn
    self.draw = draw
  }

  /// The number of pictures that an evaluation draws at most.
  static let mostPictures = 1000
}

/// A wrong answer for a picture, or the answers for one of which some are wrong.
public struct Mistake: Sendable {
  /// The picture's index in its split.
  public let item: Int
  /// Lines below the picture, after its name.
  public let captions: [String]
  /// Rows of the table of mistakes.
  public let rows: [[String]]
  /// What a report explains by a map: the answer, and then the truth.
  public let explained: [ExplanationTarget]
  /// The higher, the worse it is, among all mistakes.
  public let severity: Double

  public init(
    item: Int, captions: [String], rows: [[String]], explained: [ExplanationTarget] = [],
    severity: Double = 0
  ) {
    (self.item, self.captions, self.rows) = (item, captions, rows)
    (self.explained, self.severity) = (explained, severity)
  }
}

extension Sequence {
  /// The elements by a key, the largest group first; groups of the same size, and the elements of a
  /// group, keep their order.
  func grouped<Key: Hashable>(by key: (Element) -> Key) -> [(key: Key, elements: [Element])] {
    var places: [Key: Int] = [:]
    var groups: [(key: Key, elements: [Element])] = []
    for element in self {
      let key = key(element)
      if let place = places[key] {
        groups[place].elements.append(element)
      } else {
        places[key] = groups.count
        groups.append((key, [element]))
      }
    }
    return groups.enumerated().sorted {
      ($1.element.elements.count, $0.offset) < ($0.element.elements.count, $1.offset)
    }.map(\.element)
  }
}
