import Glibc

/// The position of a box relative to a reference, as four numbers that a network can learn
/// (Girshick et al. 2014, arXiv:1311.2524, appendix C): the shift of the centre in units of the
/// reference, and the logarithms of the scale.
public struct BoxCoding: Hashable, Sendable {
  /// Factors that bring the numbers to a deviation near one.
  public var weights: (x: Float, y: Float, width: Float, height: Float) {
    get { (factors[0], factors[1], factors[2], factors[3]) }
    set { factors = SIMD4(newValue.x, newValue.y, newValue.width, newValue.height) }
  }
  private var factors: SIMD4<Float>

  /// A box grows from 16 pixels to at most 1000, because an exponential of larger numbers gives no
  /// usable box.
  public static let largestGrowth = Float(log(1000.0 / 16))

  public init(weights x: Float = 1, _ y: Float = 1, _ width: Float = 1, _ height: Float = 1) {
    factors = SIMD4(x, y, width, height)
  }

  /// The numbers that lead from the reference to the box; neither may be empty.
  public func encode(_ box: Box, from reference: Box) -> SIMD4<Float> {
    SIMD4(
      factors.x * (box.centreX - reference.centreX) / reference.width,
      factors.y * (box.centreY - reference.centreY) / reference.height,
      factors.z * log(box.width / reference.width),
      factors.w * log(box.height / reference.height))
  }

  public func decode(_ code: SIMD4<Float>, from reference: Box) -> Box {
    let shift = code / factors
    let limit = BoxCoding.largestGrowth
    let centreX = shift.x * reference.width + reference.centreX
    let centreY = shift.y * reference.height + reference.centreY
    let halfWidth = 0.5 * (exp(min(shift.z, limit)) * reference.width)
    let halfHeight = 0.5 * (exp(min(shift.w, limit)) * reference.height)
    return Box(
      centreX - halfWidth, centreY - halfHeight, centreX + halfWidth, centreY + halfHeight)
  }
}
