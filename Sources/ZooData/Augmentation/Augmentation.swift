import ZooKit
import ZooVision

/// A random change of a sample: picture, mask and boxes together.
///
/// It draws only from the context's random numbers, so seed, epoch and sample determine the result,
/// on any number of threads.
public protocol Augmentation: Sendable {
  /// Whether the result has the network's input size, for samples of any size.
  var fixesSize: Bool { get }

  func applied(to sample: Sample, _ context: AugmentationContext) throws -> Sample
}

extension Augmentation {
  public var fixesSize: Bool { false }
}

/// The inputs of an augmentation.
public struct AugmentationContext: Sendable {
  /// This step's random numbers for this sample and epoch.
  public let random: Random
  /// The network's input size.
  public let size: Window.Size
  public let interpolation: Preprocessing.Interpolation
  /// Another decoded sample of the set, chosen by a number, for steps that combine several.
  public let other: @Sendable (UInt64) throws -> Sample

  public init(
    random: Random, size: Window.Size, interpolation: Preprocessing.Interpolation = .bilinear,
    other: @escaping @Sendable (UInt64) throws -> Sample = { _ in
      throw ZooError.failure("there is no other sample to combine")
    }
  ) {
    self.random = random
    self.size = size
    self.interpolation = interpolation
    self.other = other
  }
}

/// A side of a picture, clamped to the allowed range: at least one pixel.
func pixelCount(_ side: Double) -> Int {
  side < 65_536 ? Int(max(side.rounded(), 1)) : side.isNaN ? 1 : 65_536
}

extension Random {
  /// A uniform number in the range.
  func uniform(in range: ClosedRange<Double>, _ counter: Int) -> Double {
    range.lowerBound + Double(uniform(counter)) * (range.upperBound - range.lowerBound)
  }

  func happens(_ probability: Double, _ counter: Int) -> Bool {
    Double(uniform(counter)) < probability
  }

  /// A random permutation of 0..<count (Fisher and Yates).
  func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for index in order.indices.dropFirst().reversed() {
      order.swapAt(index, below(index + 1, index))
    }
    return order
  }
}
