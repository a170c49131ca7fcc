import Glibc

/// Random numbers without hidden state: a key and a counter always give the same number, on any
/// number of threads.
///
/// ```swift
/// let epoch = Random(seed: 7).key("augment").key(epoch)
/// let flip = epoch.key(sample).uniform(0) < 0.5
/// ```
/// The mixer is SplitMix64's (Steele, Lea and Flood 2014).
public struct Random: Hashable, Sendable {
  private let state: UInt64

  public init(seed: UInt64) { state = Random.mix(seed) }
  private init(state: UInt64) { self.state = state }

  /// A separate stream.
  public func key(_ number: Int) -> Random {
    Random(state: Random.mix(state ^ Random.mix(UInt64(bitPattern: Int64(number)))))
  }

  public func key(_ name: String) -> Random {
    Random(state: Random.mix(state ^ fnv1a(name)))
  }

  public func bits(_ counter: Int) -> UInt64 {
    Random.mix(state &+ UInt64(bitPattern: Int64(counter)) &* 0x9E37_79B9_7F4A_7C15)
  }

  /// In [0, 1), a multiple of 2⁻²⁴, exact in float32.
  public func uniform(_ counter: Int) -> Float { Float(bits(counter) >> 40) * 0x1p-24 }

  /// Standard normal, by Box and Muller.
  public func normal(_ counter: Int) -> Float {
    let radius = (-2 * log(1 - Double(uniform(2 * counter)))).squareRoot()
    return Float(radius * cos(2 * .pi * Double(uniform(2 * counter + 1))))
  }

  /// In 0..<bound.
  public func below(_ bound: Int, _ counter: Int) -> Int {
    Int(bits(counter).multipliedFullWidth(by: UInt64(bound)).high)
  }

  static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// The 64-bit FNV-1a hash of a name.
package func fnv1a(_ text: String) -> UInt64 {
  text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}
