import ZooKit

extension Preprocessing {
  /// The size of every picture after preprocessing; nil if it depends on the picture.
  public var size: Window.Size? {
    if let crop { return crop }
    switch resize {
    case .exact(let height, let width), .letterbox(let height, let width, _):
      return Window.Size(height, width)
    case .none, .shorterSide, .within: return nil
    }
  }
}
