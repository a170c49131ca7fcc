import ZooEngine
import ZooKit
import ZooStore

/// A cache of a frozen prefix's outputs, by the picture's pixels: each picture is computed once in
/// each form that augmentation gives it.
///
/// It stops adding entries at its limit.
package final class FeatureMemory {
  /// The limit in bytes.
  let limit: Int
  private var known: [String: [String: Tensor]] = [:]
  private var bytes = 0
  package private(set) var hits = 0
  package private(set) var misses = 0

  package init(limit: Int) { self.limit = limit }

  /// - Parameter compute: computes one picture, given as a batch.
  func features(of pictures: Tensor, compute: (Tensor) throws -> [String: Tensor]) throws
    -> [String: Tensor]
  {
    let rows = try (0..<pictures.shape[0]).map { index in
      let picture = try pictures.items(index..<index + 1, paddedTo: 1)
      var hash = SHA256()
      hash.update("\(picture.shape)".utf8)
      picture.withValues { hash.update(UnsafeRawBufferPointer($0)) }
      let key = hash.hexadecimal
      if let features = known[key] {
        hits += 1
        return features
      }
      misses += 1
      let features = try compute(picture)
      let size = features.values.reduce(0) { $0 + 4 * $1.count }
      if bytes + size <= limit {
        known[key] = features
        bytes += size
      }
      return features
    }
    guard rows.count > 1, let first = rows.first else { return rows.first ?? [:] }
    return try Dictionary(
      uniqueKeysWithValues: first.keys.map { name in
        (name, try Tensor(joining: rows.compactMap { $0[name] }))
      })
  }
}

extension Tensor {
  /// Concatenates batches of one shape.
  fileprivate init(joining parts: [Tensor]) throws {
    let row = parts.first.map { Array($0.shape.sizes.dropFirst()) } ?? []
    try self.init(Shape([parts.reduce(0) { $0 + $1.shape[0] }] + row)) { target in
      var place = 0
      for part in parts {
        part.withValues { _ = target[place..<place + part.count].update(fromContentsOf: $0) }
        place += part.count
      }
    }
  }
}
