import ZooKit
import ZooStore

extension Checkpoint {
  /// The record for pictures of another size: resize and crop are scaled in proportion.
  func sized(_ side: Int) -> Checkpoint {
    func scaled(_ length: Int, _ from: Int) -> Int {
      max(1, Int((Double(length) * Double(side) / Double(from)).rounded()))
    }
    var sized = self
    let shorter = min(input.height, input.width)
    sized.input = [input.channels, scaled(input.height, shorter), scaled(input.width, shorter)]
    let own = Window.Size(sized.input.height, sized.input.width)
    switch preprocessing.resize {
    case .none: sized.preprocessing.resize = .exact(height: own.height, width: own.width)
    case .exact: sized.preprocessing.resize = .exact(height: own.height, width: own.width)
    case .shorterSide(let length):
      sized.preprocessing.resize = .shorterSide(scaled(length, shorter))
    case .within(let length, let longer):
      sized.preprocessing.resize = .within(shorter: side, longer: scaled(longer, length))
    case .letterbox(_, _, let level):
      sized.preprocessing.resize = .letterbox(
        height: own.height, width: own.width, level: level)
    }
    if preprocessing.crop != nil { sized.preprocessing.crop = own }
    return sized
  }
}
