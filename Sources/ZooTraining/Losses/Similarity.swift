import Glibc
import ZooKit
import ZooStore

/// Pulls items of one class together and pushes others apart up to a margin (Hadsell, Chopra and
/// LeCun 2006, equation 4), over all pairs of a batch of embeddings N×C:
///
/// ½d² for a pair of the same class, ½·max(0, m − d)² for other pairs; the mean over pairs.
public struct ContrastiveLoss: Loss {
  public var margin: Double

  public init(margin: Double = 1) { self.margin = margin }

  public func callAsFunction(_ output: Tensor, _ target: Target) throws -> LossValue {
    let batch = try Embeddings(output, target)
    var pull = Pull(batch)
    var (sum, pairs) = (0.0, 0)
    for i in batch.known {
      for j in batch.known where j > i {
        let distance = batch.distance(i, j)
        let alike = batch.classes[i] == batch.classes[j]
        let gap = alike ? distance : max(0, margin - distance)
        sum += gap * gap / 2
        pairs += 1
        pull.add(i, j, distance, slope: alike ? gap : -gap)
      }
    }
    return try pull.value(sum, of: pairs)
  }

  public var json: JSON { ["kind": "contrastive", "margin": JSON(margin)] }
}

/// Pulls an anchor closer to its own class than to any other, by a margin (Schroff et al.,
/// arXiv:1503.03832): max(0, d(a, p) − d(a, n) + m), the mean over triplets of a batch N×C.
public struct TripletLoss: Loss {
  /// Which triplets of a batch to use.
  public enum Mining: String, Sendable, CaseIterable {
    /// Every anchor, with every item of its class and every item of another.
    case all
    /// Every anchor, with the farthest item of its class and the nearest of the others (Hermans et
    /// al., arXiv:1703.07737, “batch hard”).
    case hardest
  }

  public var margin: Double
  public var mining: Mining

  public init(margin: Double = 1, mining: Mining = .all) {
    self.margin = margin
    self.mining = mining
  }

  public func callAsFunction(_ output: Tensor, _ target: Target) throws -> LossValue {
    let batch = try Embeddings(output, target)
    var pull = Pull(batch)
    var (sum, triplets) = (0.0, 0)
    func add(_ anchor: Int, _ near: (Int, Double), _ far: (Int, Double)) {
      triplets += 1
      let value = near.1 - far.1 + margin
      guard value > 0 else { return }
      sum += value
      pull.add(anchor, near.0, near.1, slope: 1)
      pull.add(anchor, far.0, far.1, slope: -1)
    }
    for anchor in batch.known {
      let others = batch.known.filter { $0 != anchor }.map { ($0, batch.distance(anchor, $0)) }
      let own = others.filter { batch.classes[$0.0] == batch.classes[anchor] }
      let strange = others.filter { batch.classes[$0.0] != batch.classes[anchor] }
      switch mining {
      case .all: for near in own { for far in strange { add(anchor, near, far) } }
      case .hardest:
        if let near = own.max(by: { $0.1 < $1.1 }), let far = strange.min(by: { $0.1 < $1.1 }) {
          add(anchor, near, far)
        }
      }
    }
    return try pull.value(sum, of: triplets)
  }

  public var json: JSON {
    ["kind": "triplet", "margin": JSON(margin), "mining": JSON(mining.rawValue)]
  }
}

/// A batch of embeddings and the classes of its items.
private struct Embeddings {
  let output: Tensor
  let rows: [[Double]]
  let classes: [Int32]
  var known: [Int] { classes.indices.filter { classes[$0] >= 0 } }

  init(_ output: Tensor, _ target: Target) throws {
    guard output.shape.rank == 2, case .classes(let classes) = target else {
      throw ZooError.failure(
        "a similarity loss needs embeddings N×C and classes, not \(output.shape)")
    }
    try Target.check(classes, output.shape[0], .max, output)
    self.output = output
    self.classes = classes
    let width = output.shape[1]
    rows = output.withValues { values in
      classes.indices.map { row in values[row * width..<(row + 1) * width].map(Double.init) }
    }
  }

  /// ‖a − b + 10⁻⁶‖, as in PyTorch, which keeps the derivative finite if both are equal.
  func distance(_ i: Int, _ j: Int) -> Double {
    zip(rows[i], rows[j]).reduce(0) { $0 + offset($1.0, $1.1) * offset($1.0, $1.1) }.squareRoot()
  }
}

private func offset(_ a: Double, _ b: Double) -> Double { a - b + 1e-6 }

/// The gradient of embeddings, from derivatives of distances.
private struct Pull {
  let batch: Embeddings
  var gradient: [[Double]]

  init(_ batch: Embeddings) {
    self.batch = batch
    gradient = batch.rows.map { $0.map { _ in 0 } }
  }

  mutating func add(_ i: Int, _ j: Int, _ distance: Double, slope: Double) {
    guard distance > 0, slope != 0 else { return }
    for axis in gradient[i].indices {
      let part = slope * offset(batch.rows[i][axis], batch.rows[j][axis]) / distance
      gradient[i][axis] += part
      gradient[j][axis] -= part
    }
  }

  func value(_ sum: Double, of count: Int) throws -> LossValue {
    let scale = 1 / Double(max(1, count))
    return LossValue(
      value: sum * scale,
      gradient: try Tensor(
        batch.output.shape, gradient.flatMap { $0.map { Float($0 * scale) } }))
  }
}
