import ZooKit

/// The orientation of the camera, by the eight values of EXIF's tag 274.
public struct Orientation: Hashable, Sendable {
  /// The transformation of the stored picture: transpose first, then mirror.
  let transposed, mirroredX, mirroredY: Bool

  /// 1 to 8.
  public init?(_ number: Int) {
    switch number {
    case 1: (transposed, mirroredX, mirroredY) = (false, false, false)
    case 2: (transposed, mirroredX, mirroredY) = (false, true, false)
    case 3: (transposed, mirroredX, mirroredY) = (false, true, true)
    case 4: (transposed, mirroredX, mirroredY) = (false, false, true)
    case 5: (transposed, mirroredX, mirroredY) = (true, false, false)
    case 6: (transposed, mirroredX, mirroredY) = (true, true, false)
    case 7: (transposed, mirroredX, mirroredY) = (true, true, true)
    case 8: (transposed, mirroredX, mirroredY) = (true, false, true)
    default: return nil
    }
  }

  /// From a TIFF structure; nil if it states no valid orientation.
  init?(exif: UnsafeRawBufferPointer) {
    let isBig: Bool
    switch exif.prefix(4).map({ $0 }) {
    case [0x49, 0x49, 42, 0]: isBig = false
    case [0x4D, 0x4D, 0, 42]: isBig = true
    default: return nil
    }
    func number(at offset: Int, bytes: Int) -> Int? {
      guard offset >= 0, offset <= exif.count - bytes else { return nil }
      let digits = exif[offset..<offset + bytes]
      return (isBig ? Array(digits) : digits.reversed()).reduce(0) { $0 << 8 | Int($1) }
    }
    guard let directory = number(at: 4, bytes: 4), let count = number(at: directory, bytes: 2)
    else { return nil }
    for entry in 0..<count {
      let start = directory + 2 + 12 * entry
      guard let tag = number(at: start, bytes: 2) else { return nil }
      guard tag == 274 else { continue }
      let bytes = [3: 2, 4: 4][number(at: start + 2, bytes: 2)]
      guard let bytes, let value = number(at: start + 8, bytes: bytes) else { return nil }
      self.init(value)
      return
    }
    return nil
  }
}

extension Picture {
  /// The picture turned upright.
  public func oriented(_ orientation: Orientation) throws -> Picture {
    if orientation == Orientation(1) { return self }
    let (w, h) = orientation.transposed ? (height, width) : (width, height)
    var turned = try Picture(width: w, height: h, channels: channels)
    turned.isReduced = isReduced
    try turned.withMutablePixels { new in
      withPixels { old in
        guard let old = old.baseAddress, let new = new.baseAddress else { return }
        switch channels {
        case 1: turn(old, into: new, of: UInt8.self, orientation)
        case 3: turn(old, into: new, of: (UInt8, UInt8, UInt8).self, orientation)
        default: turn(old, into: new, of: (UInt8, UInt8, UInt8, UInt8).self, orientation)
        }
      }
    }
    return turned
  }

  private func turn<Pixel>(
    _ old: UnsafePointer<UInt8>, into new: UnsafeMutablePointer<UInt8>, of: Pixel.Type,
    _ orientation: Orientation
  ) {
    let old = UnsafeRawPointer(old).assumingMemoryBound(to: Pixel.self)
    let new = UnsafeMutableRawPointer(new).assumingMemoryBound(to: Pixel.self)
    let (w, h) = orientation.transposed ? (height, width) : (width, height)
    // One step to the right or down in the new picture is one such step in the old one.
    var (right, down) = orientation.transposed ? (width, 1) : (1, width)
    var start = 0
    if orientation.mirroredX { (start, right) = (start + (w - 1) * right, -right) }
    if orientation.mirroredY { (start, down) = (start + (h - 1) * down, -down) }
    // In stripes, so that a transposition's vertical reads stay in the cache.
    for stripe in stride(from: 0, to: w, by: 32) {
      for y in 0..<h {
        var from = old + (start + y * down + stripe * right)
        var to = new + (y * w + stripe)
        for _ in stripe..<min(stripe + 32, w) {
          to.pointee = from.pointee
          from += right
          to += 1
        }
      }
    }
  }
}
