import Glibc
import ZooKit
import ZooVision

/// Maps each pixel of a new picture to a point of the old one.
///
/// Points are continuous: the centre of the first pixel is at one half.
struct Warp {
  /// The fill beyond the border.
  enum Edge: Sendable {
    case fill(UInt8)
    /// The mirrored picture, as in U-Net's paper.
    case mirror
  }

  let size: Window.Size
  let edge: Edge
  /// Computes the points of one row.
  let row: (Int, UnsafeMutableBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void

  func applied(to picture: Picture, isMask: Bool = false) throws -> Picture {
    var result = try Picture(width: size.width, height: size.height, channels: picture.channels)
    try result.withMutablePixels { new in
      picture.withPixels { old in
        guard let new = new.baseAddress, let old = old.baseAddress else { return }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * size.width) { points in
          let x = UnsafeMutableBufferPointer(rebasing: points[..<size.width])
          let y = UnsafeMutableBufferPointer(rebasing: points[size.width...])
          for line in 0..<size.height {
            row(line, x, y)
            let to = new + line * size.width * picture.channels
            if isMask {
              nearest(old, picture, x, y, to)
            } else if picture.channels == 1 {
              bilinear(old, picture, x, y, to, 1)
            } else {
              bilinear(old, picture, x, y, to, picture.channels)
            }
          }
        }
      }
    }
    return result
  }

  private func nearest(
    _ old: UnsafePointer<UInt8>, _ picture: Picture, _ x: UnsafeMutableBufferPointer<Float>,
    _ y: UnsafeMutableBufferPointer<Float>, _ to: UnsafeMutablePointer<UInt8>
  ) {
    let (width, height) = (picture.width, picture.height)
    for index in 0..<size.width {
      var (column, line) = (whole(x[index]), whole(y[index]))
      if column < 0 || column >= width || line < 0 || line >= height {
        guard case .mirror = edge else {
          to[index] = Truth.ignored
          continue
        }
        (column, line) = (mirrored(column, width), mirrored(line, height))
      }
      to[index] = old[line * width + column]
    }
  }

  @inline(__always)
  private func bilinear(
    _ old: UnsafePointer<UInt8>, _ picture: Picture, _ x: UnsafeMutableBufferPointer<Float>,
    _ y: UnsafeMutableBufferPointer<Float>, _ to: UnsafeMutablePointer<UInt8>, _ channels: Int
  ) {
    let (width, height) = (picture.width, picture.height)
    var to = to
    for index in 0..<size.width {
      let (u, v) = (x[index] - 0.5, y[index] - 0.5)
      let (column, line) = (whole(u), whole(v))
      // Fractions below 1/256 do not matter in 8 bits, and far away all points look the same.
      let isNear = column > farAway && line > farAway
      let a = isNear ? Int32((u - Float(column)) * 256) : 0
      let b = isNear ? Int32((v - Float(line)) * 256) : 0
      let weights = (
        (256 &- a) &* (256 &- b), a &* (256 &- b), (256 &- a) &* b, a &* b
      )
      if column >= 0, line >= 0, column < width - 1, line < height - 1 {
        let top = old + (line * width + column) * channels
        let below = top + width * channels
        for channel in 0..<channels {
          let sum =
            Int32(top[channel]) &* weights.0 &+ Int32(top[channel + channels]) &* weights.1
            &+ Int32(below[channel]) &* weights.2 &+ Int32(below[channel + channels]) &* weights.3
          to[channel] = UInt8(truncatingIfNeeded: (sum &+ 32768) &>> 16)
        }
      } else {
        for channel in 0..<channels {
          let sum =
            tap(old, column, line, channel, picture) &* weights.0
            &+ tap(old, column + 1, line, channel, picture) &* weights.1
            &+ tap(old, column, line + 1, channel, picture) &* weights.2
            &+ tap(old, column + 1, line + 1, channel, picture) &* weights.3
          to[channel] = UInt8(truncatingIfNeeded: (sum &+ 32768) &>> 16)
        }
      }
      to += channels
    }
  }

  private func tap(
    _ old: UnsafePointer<UInt8>, _ column: Int, _ line: Int, _ channel: Int, _ picture: Picture
  ) -> Int32 {
    var (column, line) = (column, line)
    if column < 0 || column >= picture.width || line < 0 || line >= picture.height {
      if case .fill(let level) = edge { return Int32(level) }
      (column, line) = (mirrored(column, picture.width), mirrored(line, picture.height))
    }
    return Int32(old[(line * picture.width + column) * picture.channels + channel])
  }
}

private let farAway = -1_000_000

/// Rounded down; NaN and distant points give an index outside.
@inline(__always)
private func whole(_ number: Float) -> Int {
  guard number > -1e6, number < 1e6 else { return farAway }
  return Int(number.rounded(.down))
}

/// The index in a row that is continued by its mirror image, including the border pixel.
private func mirrored(_ index: Int, _ count: Int) -> Int {
  let period = 2 * count
  let place = ((index % period) + period) % period
  return place < count ? place : period - 1 - place
}

/// x ↦ A·x + b.
public struct AffineMap: Hashable, Sendable {
  /// The columns of the matrix, and the shift.
  public var x, y, shift: SIMD2<Double>

  public init(x: SIMD2<Double>, y: SIMD2<Double>, shift: SIMD2<Double>) {
    (self.x, self.y, self.shift) = (x, y, shift)
  }

  public static let identity = AffineMap(x: [1, 0], y: [0, 1], shift: [0, 0])

  /// Shear, then scale and rotation (clockwise as seen), about a centre that moves by a shift.
  public init(
    degrees: Double, scale: Double = 1, shear: SIMD2<Double> = [0, 0],
    shift: SIMD2<Double> = [0, 0], about centre: SIMD2<Double>
  ) {
    let angle = degrees * .pi / 180
    let (c, s) = (scale * cos(angle), scale * sin(angle))
    let (kx, ky) = (tan(shear.x * .pi / 180), tan(shear.y * .pi / 180))
    x = [c - s * ky, s + c * ky]
    y = [c * kx - s, s * kx + c]
    self.shift = centre + shift - (x * centre.x + y * centre.y)
  }

  public func callAsFunction(_ point: SIMD2<Double>) -> SIMD2<Double> {
    x * point.x + y * point.y + shift
  }

  /// Nil if the map is singular.
  public var inverse: AffineMap? {
    let determinant = x.x * y.y - y.x * x.y
    guard abs(determinant) > 1e-9, determinant.isFinite else { return nil }
    let a = SIMD2(y.y, -x.y) / determinant
    let b = SIMD2(-y.x, x.x) / determinant
    return AffineMap(x: a, y: b, shift: -(a * shift.x + b * shift.y))
  }
}

extension Sample {
  /// Transformed by a map, in a frame of the same size.
  func mapped(by map: AffineMap, edge: Warp.Edge, leastVisible: Double = Sample.leastVisible)
    throws -> Sample
  {
    guard let back = map.inverse else {
      throw ZooError.failure("\(name): a singular map would leave nothing of it")
    }
    let warp = Warp(size: size, edge: edge) { line, x, y in
      let start = back([0.5, Double(line) + 0.5])
      for index in x.indices {
        x[index] = Float(start.x + Double(index) * back.x.x)
        y[index] = Float(start.y + Double(index) * back.x.y)
      }
    }
    var moved = self
    moved.picture = try warp.applied(to: picture)
    try moved.mapTruth(
      into: size, leastVisible: leastVisible, mask: { try warp.applied(to: $0, isMask: true) },
      point: { map($0) })
    return moved
  }
}
