import ZooKit
import ZooVision

/// A random change of a sample: picture, mask and boxes together.
///
/// It draws from the context's numbers and from nothing else, so that seed, epoch and sample decide
/// what comes out, on any number of threads.
public protocol Augmentation: Sendable {
  /// What comes out has the size that the network wants; what goes in may be of any.
  var fixesSize: Bool { get }

  func applied(to sample: Sample, _ context: AugmentationContext) throws -> Sample
}

extension Augmentation {
  public var fixesSize: Bool { false }
}

/// What an augmentation may look at.
public struct AugmentationContext: Sendable {
  /// This step's own numbers for this sample in this epoch.
  public let random: Random
  /// What the network wants.
  public let size: Window.Size
  public let interpolation: Preprocessing.Interpolation
  /// Another sample of the set, decoded, for what joins several; chosen by a number.
  public let other: @Sendable (UInt64) throws -> Sample

  public init(
    random: Random, size: Window.Size, interpolation: Preprocessing.Interpolation = .bilinear,
    other: @escaping @Sendable (UInt64) throws -> Sample = { _ in
      throw ZooError.failure("there is no other sample to join")
    }
  ) {
    self.random = random
    self.size = size
    self.interpolation = interpolation
    self.other = other
  }
}

/// A side of a picture, whatever was computed: at least one pixel, and no more than a picture has.
func pixelCount(_ side: Double) -> Int {
  side < 65_536 ? Int(max(side.rounded(), 1)) : side.isNaN ? 1 : 65_536
}

extension Random {
  /// In the range.
  func uniform(in range: ClosedRange<Double>, _ counter: Int) -> Double {
    range.lowerBound + Double(uniform(counter)) * (range.upperBound - range.lowerBound)
  }

  func happens(_ probability: Double, _ counter: Int) -> Bool {
    Double(uniform(counter)) < probability
  }

  /// 0..<count in a random order, by Fisher and Yates.
  func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for index in order.indices.dropFirst().reversed() {
      order.swapAt(index, below(index + 1, index))
    }
    return order
  }
}
