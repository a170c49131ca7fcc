import ZooKit
import ZooStore

extension Graph {
  /// Renames from another family's parameters to those of a network built on its features, so that
  /// a classifier's file fills a detector's backbone.
  var borrowedRenames: [[Rename]] {
    get throws {
      try borrowed.filter { !$0.prefix.isEmpty }.map { loan in
        let names = parameters.lazy.map(\.name).filter { $0.hasPrefix(loan.prefix) }
        let beginnings = Set(
          names.compactMap {
            $0.dropFirst(loan.prefix.count).split(separator: ".").first.map(String.init)
          })
        return try beginnings.sorted().map { try Rename(from: $0, to: loan.prefix + $0) }
      }
    }
  }
}
