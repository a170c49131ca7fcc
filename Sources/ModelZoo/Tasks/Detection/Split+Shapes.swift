import ZooData
import ZooKit
import ZooVision

extension Split {
  /// Width and height of every box as a network sees it, as far as annotations alone say it: no
  /// picture is decoded for it.
  func shapes(in preprocessing: Preprocessing) throws -> [SIMD2<Float>] {
    try items.flatMap { item -> [SIMD2<Float>] in
      let (boxes, unit): ([ObjectBox], Window.Size)
      switch item.annotation {
      case .boxes(let all, let size?): (boxes, unit) = (all, size)
      case .fractions(let all):
        // Stretched, a part of the picture is that part of the input.
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
