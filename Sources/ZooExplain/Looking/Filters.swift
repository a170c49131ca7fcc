import ZooKit
import ZooVision

/// The kernels of a convolution as pictures.
public struct Filters: Sendable {
  public let layer: String
  /// Outputs × inputs of a group × height × width.
  public let kernels: Tensor
  private let channels: Preprocessing.Channels?

  /// - Parameters:
  ///   - layer: a convolution, or a stage, of which the first is taken; nil means the first of all.
  ///   - channels: of the pictures, if the layer sees them.
  public init(
    _ graph: Graph, _ weights: Weights, layer: String?, channels: Preprocessing.Channels
  ) throws {
    let places: [Int]
    if let layer {
      guard graph.operation(named: layer) != nil else {
        throw ZooError.usage(
          "the network has no stage or layer “\(layer)”" + suggestion(layer, among: graph.names))
      }
      places = try graph.operations(named: layer)
    } else {
      places = Array(graph.operations.indices)
    }
    let convolutions = graph.operations.indices.filter { graph.operations[$0].layer is Convolution }
    guard let place = places.first(where: convolutions.contains),
      let parameter = graph.operations[place].parameters.first
    else {
      throw ZooError.usage(
        "\(layer ?? "the network") has no convolution"
          + (convolutions.isEmpty
            ? ""
            : "; some are "
              + convolutions.prefix(3).map { graph.operations[$0].name }
              .joined(separator: ", ")))
    }
    guard let kernels = weights[parameter.name], kernels.shape == parameter.shape else {
      throw ZooError.corrupt("there are no weights \(parameter.name) of \(parameter.shape)")
    }
    self.layer = graph.operations[place].name
    self.kernels = kernels
    let input = graph.inputs[0].operation
    let seesPicture = graph.operations[place].inputs.contains { graph.isSame($0, as: input) }
    self.channels = seesPicture ? channels : nil
  }

  /// How many kernels there are.
  public var count: Int { kernels.shape[0] }

  /// All kernels in a grid: in colour where they see colour, else each input's in grey, from left to
  /// right. A kernel's own smallest and largest number are black and white.
  /// - Parameter most: how many kernels, and how many inputs of each, are shown.
  public func drawn(most: Int = 256) throws -> Picture {
    let sizes = kernels.shape.sizes
    let (inputs, height, width) = (sizes[1], sizes[2], sizes[3])
    let shown = min(count, most)
    let isColour = channels != nil && inputs == 3
    let across = isColour ? 1 : min(inputs, 32)
    // As wide as high, if there is one column a kernel.
    let perRow = across > 1 ? 1 : max(1, Int(Double(shown).squareRoot().rounded(.up)))
    let room = (across > 1 ? 640 : 960) / max(1, perRow * across)
    let cell = max(1, min(48, room) / max(height, width))
    let (tall, wide) = (height * cell + 2, width * cell + 2)
    let lines = (shown + perRow - 1) / perRow
    var picture = try Picture(
      width: perRow * across * wide + 2, height: lines * tall + 2, channels: 3)
    let (total, area) = (picture.width, height * width)
    try picture.withMutablePixels { pixels in
      pixels.update(repeating: 24)
      kernels.withValues { values in
        for kernel in 0..<shown {
          let own = values[kernel * inputs * area..<(kernel + 1) * inputs * area]
          let (low, high) = (own.min() ?? 0, own.max() ?? 0)
          func level(_ input: Int, _ place: Int) -> UInt8 {
            let value = values[(kernel * inputs + input) * area + place]
            let share = high > low ? (value - low) / (high - low) : 0.5
            return UInt8(share.isNaN ? 128 : (min(max(share, 0), 1) * 255).rounded())
          }
          for input in 0..<across {
            let left = ((kernel % perRow) * across + input) * wide + 2
            let top = kernel / perRow * tall + 2
            for y in 0..<height * cell {
              for x in 0..<width * cell {
                let place = y / cell * width + x / cell
                let target = 3 * ((top + y) * total + left + x)
                for colour in 0..<3 {
                  let source = !isColour ? input : channels == .bgr ? 2 - colour : colour
                  pixels[target + colour] = level(source, place)
                }
              }
            }
          }
        }
      }
    }
    return picture
  }
}

extension Graph {
  /// Whether a value is the input but for padding.
  fileprivate func isSame(_ index: Int, as input: Int) -> Bool {
    if index == input { return true }
    let operation = operations[index]
    guard operation.layer is Pad || operation.layer.isIdentity, let first = operation.inputs.first
    else { return false }
    return isSame(first, as: input)
  }
}
