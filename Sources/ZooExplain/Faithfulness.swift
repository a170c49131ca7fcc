import ZooKit

/// How well a map says what the score depends on (Petsiuk, Das and Saenko, arXiv:1806.07421).
///
/// Pixels are taken in the order of the map, the most important first. A good map makes the score fall
/// soon when they are removed and rise soon when they are shown, so its deletion area is small and its
/// insertion area large.
public struct Faithfulness: Sendable {
  /// The score after each step: 0, 1/n, … of all pixels are replaced by the mean colour.
  public let deletion: [Double]
  /// The score after each step: 0, 1/n, … of all pixels of a blurred picture are made sharp.
  public let insertion: [Double]

  public var deletionArea: Double { area(deletion) }
  public var insertionArea: Double { area(insertion) }

  /// By trapezoids.
  private func area(_ curve: [Double]) -> Double {
    zip(curve, curve.dropFirst()).reduce(0) { $0 + ($1.0 + $1.1) / 2 } / Double(curve.count - 1)
  }

  /// - Parameters:
  ///   - attribution: the map.
  ///   - subject: its score is a probability where the task has one.
  ///   - input: the network's input for the picture, C×H×W.
  ///   - steps: the number of points of each curve after the first.
  public init(
    of attribution: Attribution, _ subject: any Subject, for input: Tensor, steps: Int = 50
  ) throws {
    let pixels = input.shape.height * input.shape.width
    let map = try attribution.map(input.shape.height, input.shape.width).values
    // Equal values in the order of the picture, so that the curve is the same every time.
    let order = map.indices.sorted { map[$0] == map[$1] ? $0 < $1 : map[$0] > map[$1] }
    func curve(from start: [Float], to end: [Float]) throws -> [Double] {
      try subject.scores(of: steps + 1, on: .probability) { step, place in
        _ = place.update(fromContentsOf: start)
        for pixel in order.prefix(pixels * step / steps) {
          for number in stride(from: pixel, to: place.count, by: pixels) {
            place[number] = end[number]
          }
        }
      }
    }
    let picture = input.values
    deletion = try curve(from: picture, to: [Float](repeating: 0, count: picture.count))
    insertion = try curve(from: input.blurred(), to: picture)
  }
}
