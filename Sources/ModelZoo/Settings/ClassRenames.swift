import ZooData
import ZooKit
import ZooStore

/// Other names for classes of a data set: `motorbike=motorcycle`.
public struct ClassRenames: Sendable, Equatable {
  public struct Rename: Sendable, Equatable {
    public let from, to: String
  }

  public var renames: [Rename]

  /// - Parameter words: each OLD=NEW.
  /// - Returns: nil if one is not.
  public init?(words: [String]) {
    renames = words.compactMap { word in
      let parts = word.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
      return Rename(from: parts[0], to: parts[1])
    }
    guard renames.count == words.count else { return nil }
  }

  /// `isPartial`: whether the data may lack some of the classes.
  public func callAsFunction(_ data: Dataset, isPartial: Bool = false) throws -> Dataset {
    let used = renames.filter { !isPartial || data.classes.contains($0.from) }
    return try data.renamed(used.map { ($0.from, $0.to) })
  }
}

extension ClassRenames: SettingValue {
  var spelling: [String] { renames.map { "\($0.from)=\($0.to)" } }
  static func read(_ fields: inout Fields, _ key: String) throws -> ClassRenames {
    let words = try fields.strings(key)
    guard let renames = ClassRenames(words: words) else {
      throw fields.error("“\(key)” of \(fields.what) wants \(wanted); got \(words)")
    }
    return renames
  }
  var json: JSON { JSON(spelling) }
  static var wanted: String { "OLD=NEW" }
  static var isRepeatable: Bool { true }
}
