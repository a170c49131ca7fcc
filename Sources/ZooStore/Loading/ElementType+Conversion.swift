extension ElementType {
  /// Converts stored numbers, little endian with any alignment, to float32; both have the same
  /// count.
  package func convert(
    _ bytes: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<Float>
  ) {
    func each<T: BitwiseCopyable>(_: T.Type, _ float: (T) -> Float) {
      for index in 0..<min(values.count, bytes.count / MemoryLayout<T>.size) {
        values[index] = float(
          bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.size, as: T.self))
      }
    }
    switch self {
    case .float64: each(Double.self) { Float($0) }
    case .float32: UnsafeMutableRawBufferPointer(values).copyMemory(from: bytes)
    case .float16: each(UInt16.self, ElementType.half)
    case .bfloat16: each(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .int64: each(Int64.self) { Float($0) }
    case .int32: each(Int32.self) { Float($0) }
    case .int16: each(Int16.self) { Float($0) }
    case .int8: each(Int8.self) { Float($0) }
    case .uint8: each(UInt8.self) { Float($0) }
    case .bool: each(UInt8.self) { $0 == 0 ? 0 : 1 }
    }
  }

  /// IEEE 754 half to single without a function call per number on processors without the
  /// instruction: multiplying shifts the exponent and handles subnormal numbers too.
  private static func half(_ bits: UInt16) -> Float {
    let magnitude = UInt32(bits & 0x7FFF) << 13
    let special: UInt32 = bits & 0x7C00 == 0x7C00 ? 0x7F80_0000 : 0
    let scaled = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
    return Float(bitPattern: scaled | special | UInt32(bits & 0x8000) << 16)
  }

  /// Float32 to float16 or bfloat16, rounded to nearest, ties to even.
  package func narrow(
    _ values: UnsafeBufferPointer<Float>, into words: UnsafeMutableBufferPointer<UInt16>
  ) {
    if self == .bfloat16 {
      for (index, value) in values.enumerated() {
        let bits = value.bitPattern
        let rounded = (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16
        words[index] = UInt16(truncatingIfNeeded: value.isNaN ? bits >> 16 | 0x40 : rounded)
      }
    } else {
      for (index, value) in values.enumerated() { words[index] = Float16(value).bitPattern }
    }
  }
}
