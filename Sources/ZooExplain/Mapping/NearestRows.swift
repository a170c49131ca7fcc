import CKernels
import Glibc
import ZooKit

/// Exact search among many rows of numbers.
///
/// ```swift
/// let rows = try NearestRows(features.values, by: .cosine)
/// let five = try rows.nearest(5, to: query)
/// ```
/// A query is limited by how fast memory is read, so rows are first compared in bfloat16, in half the
/// bytes. For each row the rounding error has a known length, and by Cauchy and Schwarz the product with
/// the query is off by no more than the product of both lengths. Rows that may be among the nearest
/// within this bound are compared in float64. The result is that of comparing all so, on any number of
/// threads.
public struct NearestRows: Sendable {
  public enum Metric: String, CaseIterable, Sendable {
    /// One less the cosine of the angle: from 0, the same direction, to 2.
    case cosine
    /// The length of the difference.
    case l2
  }

  public struct Match: Hashable, Sendable {
    public let row: Int
    public let distance: Double
  }

  public let metric: Metric
  public var count: Int { rows.shape[0] }
  public var width: Int { rows.shape[1] }
  private let rows: Tensor
  /// The rows in bfloat16, each padded with zeros to `padded` numbers.
  private let halves: Tensor
  private let padded: Int
  /// The length of each row and of its rounding error.
  private let norms, errors: [Double]

  /// - Parameter rows: N×D.
  /// - Throws: if a number is not finite.
  public init(_ rows: Tensor, by metric: Metric) throws {
    guard rows.shape.rank == 2 else {
      throw ZooError.failure("rows to search are N×D, not \(rows.shape)")
    }
    let (count, width) = (rows.shape[0], rows.shape[1])
    let padded = (width + 15) / 16 * 16
    var norms = [Double](repeating: 0, count: count)
    var errors = norms
    halves = try Tensor([count, padded / 2]) { halves in
      let raw = UnsafeMutableRawBufferPointer(halves)
      raw.initializeMemory(as: UInt8.self, repeating: 0)
      let target = raw.assumingMemoryBound(to: UInt16.self)
      rows.withValues { values in
        norms.withUnsafeMutableBufferPointer { norms in
          errors.withUnsafeMutableBufferPointer { errors in
            // Safe to share: each row is written by one thread.
            nonisolated(unsafe) let (norms, errors) = (norms, errors)
            nonisolated(unsafe) let (values, target) = (values, target)
            Threads.split(count, cost: 2 * width) { range in
              for row in range {
                var (square, error) = (0.0, 0.0)
                for column in 0..<width {
                  let value = values[row * width + column]
                  let half = bfloat16(value)
                  target[row * padded + column] = half
                  let rest = Double(value) - Double(Float(bitPattern: UInt32(half) << 16))
                  square += Double(value) * Double(value)
                  error += rest * rest
                }
                norms[row] = square.squareRoot()
                errors[row] = error.squareRoot()
              }
            }
          }
        }
      }
    }
    // A sum of squares is finite only if every number is. It cannot overflow: 10³⁸ squared is 10⁷⁶.
    if let row = norms.indices.first(where: { !(norms[$0] + errors[$0]).isFinite }) {
      throw ZooError.corrupt("row \(row) of \(count) has a number that is not finite, or near 10³⁸")
    }
    (self.rows, self.metric, self.padded) = (rows, metric, padded)
    (self.norms, self.errors) = (norms, errors)
  }

  /// The nearest rows, the nearest first; of rows equally near, the first.
  public func nearest(_ count: Int, to query: [Float]) throws -> [Match] {
    let query = try Query(query, width: width, padded: padded)
    var dots = [Float](repeating: 0, count: self.count)
    dots.withUnsafeMutableBufferPointer { dots in
      // Safe to share: each product is written by one thread.
      nonisolated(unsafe) let dots = dots
      Threads.split(self.count, cost: padded) { range in
        products([query], range, into: .init(rebasing: dots[range]))
      }
    }
    return dots.withUnsafeBufferPointer {
      matches(query, $0, among: 0..<self.count, except: nil, most: count)
    }
  }

  /// For each of these rows, the nearest other rows.
  ///
  /// - Parameters:
  ///   - count: how many.
  ///   - places: the rows that ask.
  ///   - among: which rows are searched for one; itself is never found.
  public func nearest(
    _ count: Int, toRows places: Range<Int>, among: @Sendable (_ row: Int) -> Range<Int>
  ) throws -> [[Match]] {
    var results = [[Match]](repeating: [], count: places.count)
    let block = 16
    results.withUnsafeMutableBufferPointer { results in
      // Safe to share: each element is written by one thread.
      nonisolated(unsafe) let results = results
      Threads.split(places.count, cost: padded * self.count / 8, multiple: block) { range in
        var dots = [Float](repeating: 0, count: block * self.count)
        for start in stride(from: range.lowerBound, to: range.upperBound, by: block) {
          let asking = start..<min(start + block, range.upperBound)
          let queries = asking.map { query(ofRow: places.lowerBound + $0) }
          let end = asking.map { among(places.lowerBound + $0).upperBound }.max() ?? 0
          dots.withUnsafeMutableBufferPointer { dots in
            products(queries, 0..<end, into: dots)
            for (slot, index) in asking.enumerated() {
              let row = places.lowerBound + index
              let found = UnsafeBufferPointer(rebasing: dots[slot * end..<(slot + 1) * end])
              results[index] = matches(
                queries[slot], found, among: among(row), except: row, most: count)
            }
          }
        }
      }
    }
    return results
  }
}

extension NearestRows {
  private struct Query {
    /// Padded with zeros.
    let values: [Float]
    let norm: Double

    init(_ values: [Float], width: Int, padded: Int) throws {
      guard values.count == width else {
        throw ZooError.failure("a query of \(values.count) numbers for rows of \(width)")
      }
      self.init(values: values + [Float](repeating: 0, count: padded - width))
      guard norm.isFinite else {
        throw ZooError.corrupt("the query has a number that is not finite")
      }
    }

    init(values: [Float]) {
      self.values = values
      norm = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
  }

  private func query(ofRow row: Int) -> Query {
    rows.withValues { values in
      Query(
        values: Array(values[row * width..<(row + 1) * width])
          + [Float](repeating: 0, count: padded - width))
    }
  }

  /// The products in bfloat16, each query's after another's. A block of rows stays in the cache for all
  /// queries.
  private func products(
    _ queries: [Query], _ range: Range<Int>, into dots: UnsafeMutableBufferPointer<Float>
  ) {
    let step = max(4, (1 << 17) / padded)
    halves.withValues { stored in
      guard let start = UnsafeRawPointer(stored.baseAddress), let dots = dots.baseAddress else {
        return
      }
      let rows = start.assumingMemoryBound(to: UInt16.self)
      for first in stride(from: range.lowerBound, to: range.upperBound, by: step) {
        let count = min(step, range.upperBound - first)
        for (slot, query) in queries.enumerated() {
          zoo_bfloat16_dots(
            rows + first * padded, Int64(count), Int64(padded), query.values,
            dots + slot * range.count + first - range.lowerBound)
        }
      }
    }
  }

  private func matches(
    _ query: Query, _ dots: UnsafeBufferPointer<Float>, among: Range<Int>, except own: Int?,
    most: Int
  ) -> [Match] {
    // Higham 2002, section 3.1: a sum of products is off by at most γ times the sum of their absolute
    // values. The float64 arithmetic around it is off by far less than the last term.
    let additions = Double(padded / 16 + 20)
    let gamma = additions * 0x1p-24 / (1 - additions * 0x1p-24) + 1e-12
    /// Larger is nearer: the cosine, or twice the product less the row's square.
    func bounds(_ row: Int) -> (least: Double, most: Double) {
      let (norm, dot) = (norms[row], Double(dots[row]))
      let error = query.norm * (errors[row] + gamma * (norm + errors[row])) + 1e-37
      switch metric {
      case .cosine:
        let scale = norm * query.norm
        guard scale > 0 else { return norm == query.norm ? (1, 1) : (0, 0) }
        return ((dot - error) / scale - 1e-12, (dot + error) / scale + 1e-12)
      case .l2:
        let slack = 2 * error + 1e-12 * (norm * norm + query.norm * query.norm)
        return (2 * dot - norm * norm - slack, 2 * dot - norm * norm + slack)
      }
    }
    // The `most` largest lower bounds, in rising order: what is surely below all of them is not near.
    var floors: [Double] = []
    for row in among where row != own {
      let least = bounds(row).least
      if floors.count == most {
        guard let first = floors.first, least > first else { continue }
        floors.removeFirst()
      }
      floors.insert(least, at: floors.partitioned { $0 < least })
    }
    guard let floor = floors.first else { return [] }
    return Array(
      among.filter { $0 != own && bounds($0).most >= floor }
        .map { Match(row: $0, distance: distance(query, $0)) }
        .sorted { ($0.distance, $0.row) < ($1.distance, $1.row) }
        .prefix(most))
  }

  private func distance(_ query: Query, _ row: Int) -> Double {
    rows.withValues { values in
      let row = UnsafeBufferPointer(rebasing: values[row * width..<(row + 1) * width])
      return query.values.withUnsafeBufferPointer { query in
        switch metric {
        case .cosine: cosineDistance(query, row)
        case .l2: squaredDistance(query, row).squareRoot()
        }
      }
    }
  }
}

/// The nearest bfloat16, ties to even; not finite if the number is not.
private func bfloat16(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
}

/// Of a vector without a direction, 1 to all others.
private func cosineDistance(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>)
  -> Double
{
  var (product, first, second) = (0.0, 0.0, 0.0)
  for index in b.indices {
    let (x, y) = (Double(a[index]), Double(b[index]))
    product += x * y
    first += x * x
    second += y * y
  }
  guard first > 0, second > 0 else { return first == second ? 0 : 1 }
  // Rounded, the cosine of a vector with itself may be just above or below 1.
  let distance = 1 - product / (first * second).squareRoot()
  return distance < 1e-15 ? 0 : distance
}

private func squaredDistance(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>)
  -> Double
{
  var sum = 0.0
  for index in b.indices {
    let difference = Double(a[index]) - Double(b[index])
    sum += difference * difference
  }
  return sum
}

extension [Double] {
  /// How many of these rising numbers come first.
  fileprivate func partitioned(_ isBefore: (Double) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
