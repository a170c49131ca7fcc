import Glibc
import ZooKit

/// Rows of numbers as points of the plane, in which near rows are near points: t-distributed stochastic
/// neighbour embedding (van der Maaten and Hinton 2008), with the approximation of Barnes and Hut (van
/// der Maaten 2014, arXiv:1301.3342).
///
/// ```swift
/// let map = try TSNE(of: rows, .init(perplexity: 30))
/// map.points[0]              // x and y of the first row
/// map.divergence             // how badly the plane fits, in nats
/// ```
/// It starts from the first two principal components, with the learning rate that grows with the number
/// of points (Kobak and Berens 2019), like scikit-learn. The same rows and options give the same points
/// on any number of threads. Distances between far groups mean little.
public struct TSNE: Sendable {
  public struct Options: Sendable {
    /// About how many neighbours of each point count; nil means 30, or less for few rows.
    public var perplexity: Double?
    public var iterations: Int
    /// Squares of points act as one if their side is less than this share of their distance.
    public var angle: Double
    /// Decides where the points start if all rows are equal.
    public var seed: UInt64

    public init(
      perplexity: Double? = nil, iterations: Int = 1000, angle: Double = 0.5, seed: UInt64 = 0
    ) {
      self.perplexity = perplexity
      self.iterations = iterations
      self.angle = angle
      self.seed = seed
    }
  }

  public let points: [SIMD2<Double>]
  /// The divergence of Kullback and Leibler between the neighbourhoods of the rows and the points.
  public let divergence: Double
  public let perplexity: Double

  /// Of the first iterations, in which groups form.
  private static let earlyIterations = 250
  private static let exaggeration = 12.0

  /// - Parameters:
  ///   - rows: N×D, three or more. Of pictures' features take 50 principal components.
  ///   - options: perplexity and the like.
  ///   - progress: called with the number of finished iterations and of all.
  public init(
    of rows: Tensor, _ options: Options = .init(),
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws {
    let count = rows.shape[0]
    perplexity = try Self.perplexity(options.perplexity, of: count)
    let neighbours = try Neighbourhoods(of: rows, perplexity: perplexity)
    var points = try Self.start(rows, seed: options.seed)
    var forces = Forces(neighbours, angle: options.angle)
    var speeds = [SIMD2<Double>](repeating: .zero, count: count)
    var gains = [SIMD2<Double>](repeating: .one, count: count)
    let rate = max(Double(count) / Self.exaggeration / 4, 50)
    for iteration in 0..<options.iterations {
      let isEarly = iteration < Self.earlyIterations
      if iteration == Self.earlyIterations {
        speeds = .init(repeating: .zero, count: count)
        gains = .init(repeating: .one, count: count)
      }
      let gradients = forces.gradients(at: points, exaggeration: isEarly ? Self.exaggeration : 1)
      let momentum = isEarly ? 0.5 : 0.8
      for (index, gradient) in gradients.enumerated() {
        // Faster where the direction stays (Jacobs 1988).
        let turns = speeds[index] * gradient .>= 0
        gains[index] = pointwiseMax(
          (gains[index] + 0.2).replacing(with: gains[index] * 0.8, where: turns),
          .init(repeating: 0.01))
        speeds[index] = momentum * speeds[index] - rate * gains[index] * gradient
        points[index] += speeds[index]
      }
      progress(iteration + 1, options.iterations)
    }
    divergence = forces.divergence(at: points)
    let centre = points.reduce(SIMD2.zero, +) / Double(max(1, count))
    self.points = points.map { $0 - centre }
  }

  /// The perplexity that is used for so many rows.
  /// - Throws: if that many neighbours do not exist.
  public static func perplexity(_ wanted: Double?, of count: Int) throws -> Double {
    guard count > 2 else {
      throw ZooError.corrupt("t-SNE needs three pictures or more; there are \(count)")
    }
    let most = Double(count - 1)
    guard let wanted else { return min(30, max(1.5, most / 3)) }
    guard wanted > 1, wanted <= most else {
      throw ZooError.usage(
        "a perplexity of \(wanted) does not suit \(count) pictures; it is more than 1, and at most "
          + "\(count - 1)")
    }
    return wanted
  }

  /// The first two principal components, small enough for the points to move freely.
  private static func start(_ rows: Tensor, seed: UInt64) throws -> [SIMD2<Double>] {
    let components = try PrincipalComponents(of: rows, most: 2)
    let places = try components.coordinates(of: rows)
    let (count, width) = (places.shape[0], places.shape[1])
    let points = places.withValues { values in
      (0..<count).map {
        SIMD2(Double(values[$0 * width]), width > 1 ? Double(values[$0 * width + 1]) : 0)
      }
    }
    let mean = points.reduce(0) { $0 + $1.x } / Double(count)
    let variance = points.reduce(0) { $0 + ($1.x - mean) * ($1.x - mean) } / Double(count)
    guard variance > 0 else {
      let random = Random(seed: seed).key("t-SNE")
      return points.indices.map {
        1e-4 * SIMD2(Double(random.normal(2 * $0)), Double(random.normal(2 * $0 + 1)))
      }
    }
    return points.map { $0 * (1e-4 / variance.squareRoot()) }
  }
}
