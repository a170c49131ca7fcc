import Glibc
import ZooKit

// Shared by the layers that read regions of maps. A region is five numbers: the picture's index in
// the batch of the maps, and the corners of its box in pixels of the network's input.

/// Chooses the pyramid level of a box: large boxes use coarse maps (Lin et al. 2016,
/// arXiv:1612.03144, equation 1). Has torchvision's tolerance for boxes of exactly a power of two.
public struct LevelMapper: Hashable, Sendable {
  /// A box of this side…
  public var side: Float = 224
  /// …uses the map of 1/2⁴ of the picture's size.
  public var level: Float = 4

  public init() {}

  /// - Parameters:
  ///   - box: in pixels of the network's input.
  ///   - scales: the size of each map over the input's: ¼, ⅛, …
  public func callAsFunction(_ box: Box, scales: [Float]) -> Int {
    guard let first = scales.first, let last = scales.last else { return 0 }
    let (finest, coarsest) = (-log2(first), -log2(last))
    let wanted = (level + log2(box.area.squareRoot() / side) + 1e-6).rounded(.down)
    // NaN: an empty box goes to the finest map.
    guard wanted > finest else { return 0 }
    return min(Int(min(wanted, coarsest) - finest), scales.count - 1)
  }
}

extension Layer {
  /// The maps, all of one width, followed by the regions.
  func checkRegions(_ inputs: [Shape], levels: Int) throws -> Shape {
    guard inputs.count == levels + 1, levels > 0, let map = inputs.first,
      inputs.dropLast().allSatisfy({ $0.rank == 3 && $0.count > 0 && $0[0] == map[0] }),
      inputs.last == [5]
    else {
      let found = inputs.map { "\($0)" }.joined(separator: ", ")
      throw ZooError.failure(
        "\(kind) takes \(levels) maps of one width and regions of 5, not \(found)")
    }
    return map
  }
}

/// A region within the batch of its maps.
struct Region {
  let picture: Int
  let box: Box

  /// Indices beyond the batch mean the last picture, so hostile numbers stay in bounds.
  init(_ numbers: UnsafePointer<Float>, pictures: Int) {
    let index = numbers[0]
    picture = index > 0 ? Int(min(index, Float(pictures - 1))) : 0
    box = Box(numbers[1], numbers[2], numbers[3], numbers[4])
  }
}

extension Layer {
  /// Runs the layer alone. Each input has its own batch: maps of several pictures, and any number
  /// of regions.
  public func regions(of maps: [Tensor], _ regions: Tensor) throws -> Tensor {
    let inputs = maps + [regions]
    let shape = try output(inputs.map(\.item))
    let count = regions.shape[0]
    return try Tensor(Shape([count] + shape.sizes)) { values in
      guard let base = values.baseAddress, count > 0 else { return }
      try withExtendedLifetime(inputs) {
        try forward(
          Pass(
            mode: .inference, inputs: inputs.compactMap(\.view), parameters: [],
            output: TensorView(base, batch: count, shape: shape), scratch: Scratch()))
      }
    }
  }

  /// The backward of ``regions(of:_:)``: the gradients of the maps, from the gradient of the
  /// output.
  public func gradients(of maps: [Tensor], _ regions: Tensor, _ slope: Tensor) throws -> [Tensor] {
    let inputs = maps + [regions]
    let shape = try output(inputs.map(\.item))
    guard slope.shape.sizes == [regions.shape[0]] + shape.sizes else {
      throw ZooError.failure("\(slope.shape) is not a gradient of \(regions.shape[0])×\(shape)")
    }
    let found = try maps.map { try Tensor(zeros: $0.shape) }
    guard let output = slope.view else { return found }
    try withExtendedLifetime((inputs, found, slope)) {
      // Not shared yet, so they can be written in place. The layers' backward reads only the
      // inputs, not the output.
      try backward(
        Pass(
          mode: .inference, inputs: inputs.compactMap(\.view), parameters: [], output: output,
          scratch: Scratch()),
        Gradients(output: output, inputs: found.map(\.view) + [nil], parameters: []))
    }
    return found
  }
}

extension Tensor {
  /// The shape without the batch.
  fileprivate var item: Shape { Shape(Array(shape.sizes.dropFirst())) }

  /// The first axis as the batch; nil if it is empty. Valid while the tensor lives.
  fileprivate var view: TensorView? {
    guard shape[0] > 0 else { return nil }
    return withValues(\.baseAddress).map {
      TensorView(UnsafeMutablePointer(mutating: $0), batch: shape[0], shape: item)
    }
  }
}
