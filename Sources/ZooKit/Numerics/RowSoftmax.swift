import Glibc

/// The softmax of one row of logits, e^xᵢ / Σ e^xⱼ, summed in float64. The largest logit is
/// subtracted first, so nothing overflows.
///
/// ```swift
/// let row = RowSoftmax(logits)
/// let probabilities = logits.map { Float(row.share(of: $0)) }
/// ```
public struct RowSoftmax<Logit: BinaryFloatingPoint> {
  public let largest: Logit
  /// Σ e^(xⱼ − largest).
  public let sum: Double

  @inlinable
  public init(_ logits: some RandomAccessCollection<Logit>) {
    self.init(count: logits.count) { logits[logits.index(logits.startIndex, offsetBy: $0)] }
  }

  /// For logits that are apart in memory: the channels of one pixel.
  @inlinable
  public init(count: Int, _ logit: (Int) -> Logit) {
    var largest = -Logit.infinity
    for index in 0..<count { largest = max(largest, logit(index)) }
    var sum = 0.0
    for index in 0..<count { sum += exp(Double(logit(index) - largest)) }
    (self.largest, self.sum) = (largest, sum)
  }

  @inlinable
  public func share(of logit: Logit) -> Double { exp(Double(logit - largest)) / sum }

  /// −log of the share: the cross-entropy if this logit is the right one.
  @inlinable
  public func surprise(of logit: Logit) -> Double { log(sum) + Double(largest) - Double(logit) }
}
