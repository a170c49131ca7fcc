import ZooData
import ZooKit
import ZooVision

extension Split {
  /// Width and height of every box as the network sees it, if annotations alone determine it: no
  /// picture is decoded.
  func shapes(in preprocessing: Preprocessing) throws -> [SIMD2<Float>] {
    try items.flatMap { item -> [SIMD2<Float>] in
      let (boxes, unit): ([ObjectBox], Window.Size)
      switch item.annotation {
      case .boxes(let all, let size?): (boxes, unit) = (all, size)
      case .fractions(let all):
        // With stretching, relative sizes in the picture and the input are equal.
        guard case .exact = preprocessing.resize else { return [] }
        (boxes, unit) = (all, .init(1))
      default: return []
      }
      let resized = try preprocessing.placement(of: unit).resized
      let scale = SIMD2(
        Double(resized.width) / Double(unit.width), Double(resized.height) / Double(unit.height))
      return boxes.map { SIMD2<Float>(SIMD2($0.frame.width, $0.frame.height) * scale) }
    }
  }
}
