import ZooKit

/// The score of every window of a larger picture, at the window's centre (Sermanet et al.,
/// arXiv:1312.6229): where a classifier finds the class. See ``SlidingNetwork`` for what a window at the
/// border of its maps sees.
public struct SlidingWindow: ExplanationMethod {
  public let name = "sliding-window"
  /// The picture's shorter side in pixels; nil means twice the network's input.
  public var scale: Int?

  public init(scale: Int? = nil) { self.scale = scale }
  init(_ options: ExplanationOptions) { self.init(scale: options.scale) }

  public var extent: PictureExtent { .whole(shorterSide: scale) }

  public func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
    let found = try subject.windows(of: input)
    let scores = found.values
    let rows = Self.places(input.shape.height, found.top, found.window.height, found.step.height)
    let columns = Self.places(input.shape.width, found.left, found.window.width, found.step.width)
    return Attribution(
      try scores.interpolated(rows(scores.shape.sizes[0]), columns(scores.shape.sizes[1])),
      as: .magnitude)
  }

  /// Between the centres of which windows the pixels of an axis lie, and how far from the first.
  private static func places(_ length: Int, _ start: Int, _ window: Int, _ step: Int)
    -> (_ count: Int) -> [(first: Int, second: Int, share: Float)]
  {
    { count in
      (0..<length).map { pixel in
        let from = Double(pixel) + 0.5 - Double(start) - Double(window) / 2
        let place = min(max(0, from / Double(step)), Double(count - 1))
        let first = Int(place)
        return (first, min(first + 1, count - 1), Float(place - Double(first)))
      }
    }
  }
}

extension ExplanationMethod where Self == SlidingWindow {
  public static var slidingWindow: SlidingWindow { SlidingWindow() }
}
