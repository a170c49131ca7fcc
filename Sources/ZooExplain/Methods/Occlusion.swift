import ZooKit

/// How much the score falls when a square hides a part of the picture (Zeiler and Fergus,
/// arXiv:1311.2901). A pixel's value is the mean over the squares that hide it.
public struct Occlusion: ExplanationMethod {
  public let name = "occlusion"
  /// The side of the square and the distance between two, in pixels of the input.
  public var window: Int?
  public var stride: Int?
  public var fill: Fill

  public init(window: Int? = nil, stride: Int? = nil, fill: Fill = .mean) {
    (self.window, self.stride, self.fill) = (window, stride, fill)
  }

  init(_ options: ExplanationOptions) {
    self.init(window: options.window, stride: options.stride, fill: options.fill)
  }

  public func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
    let (height, width) = (input.shape.height, input.shape.width)
    let side = window ?? max(1, min(height, width) / 7)
    let step = stride ?? max(1, side / 2)
    guard side > 0, step > 0, side <= min(height, width) else {
      throw ZooError.usage(
        "a window of \(side) pixels every \(step) does not fit the input of \(width)×\(height)")
    }
    let rows = Self.ranges(of: height, side, step)
    let columns = Self.ranges(of: width, side, step)
    let squares = rows.flatMap { row in columns.map { (rows: row, columns: $0) } }
    let cover = try fill.cover(of: input)
    let scores = try subject.scores(of: squares.count + 1, on: .raw) { index, place in
      _ = input.withValues { place.update(fromContentsOf: $0) }
      guard index > 0 else { return }
      let square = squares[index - 1]
      for channel in 0..<input.shape.channels {
        for y in square.rows {
          let row = (channel * height + y) * width
          for x in square.columns { place[row + x] = cover[row + x] }
        }
      }
    }
    var (sum, count) = ([Double](repeating: 0, count: height * width), [Double]())
    count = sum
    for (square, score) in zip(squares, scores.dropFirst()) {
      for y in square.rows {
        for x in square.columns {
          sum[y * width + x] += scores[0] - score
          count[y * width + x] += 1
        }
      }
    }
    let map = zip(sum, count).map { Float($1 == 0 ? 0 : $0 / $1) }
    return Attribution(try Tensor([height, width], map), as: .signed)
  }

  /// The spans of the squares along one side; the last is cut at the border.
  private static func ranges(of length: Int, _ side: Int, _ step: Int) -> [Range<Int>] {
    let count = (length - side + step - 1) / step + 1
    return (0..<count).map { $0 * step..<min($0 * step + side, length) }
  }
}

extension ExplanationMethod where Self == Occlusion {
  public static var occlusion: Occlusion { Occlusion() }
}
