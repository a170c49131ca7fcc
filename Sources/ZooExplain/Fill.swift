import Glibc
import ZooKit

/// What hides a part of a picture, at the network's input.
public enum Fill: String, CaseIterable, Sendable {
  /// The mean colour of the training pictures: zero.
  case mean
  /// The mean colour of this picture.
  case own
  /// The picture without its details, by a Gaussian of a twentieth of its shorter side.
  case blur

  func cover(of input: Tensor) throws -> [Float] {
    switch self {
    case .mean: return [Float](repeating: 0, count: input.count)
    case .own:
      return input.planes.flatMap { plane in
        let mean = plane.reduce(0) { $0 + Double($1) } / Double(max(1, plane.count))
        return [Float](repeating: Float(mean), count: plane.count)
      }
    case .blur: return input.blurred()
    }
  }
}

extension Tensor {
  /// C×H×W without details; at the borders the last pixel is repeated.
  /// - Parameter share: the Gaussian's deviation, of the shorter side.
  func blurred(by share: Double = 0.05) -> [Float] {
    let (height, width) = (shape.height, shape.width)
    let deviation = share * Double(min(height, width))
    let reach = Int((3 * deviation).rounded(.up))
    let shape = (-reach...reach).map { exp(-0.5 * pow(Double($0) / max(deviation, 1e-6), 2)) }
    let sum = shape.reduce(0, +)
    let kernel = shape.map { Float($0 / sum) }
    func filtered(_ plane: [Float], across: Bool) -> [Float] {
      var result = plane
      for y in 0..<height {
        for x in 0..<width {
          var value: Float = 0
          for (tap, factor) in kernel.enumerated() {
            let row = across ? y : min(max(y + tap - reach, 0), height - 1)
            let column = across ? min(max(x + tap - reach, 0), width - 1) : x
            value += factor * plane[row * width + column]
          }
          result[y * width + x] = value
        }
      }
      return result
    }
    return planes.flatMap { filtered(filtered($0, across: true), across: false) }
  }
}
