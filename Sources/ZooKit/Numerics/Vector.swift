// Sums over plain arrays, in float64, so that a norm's statistics over a million values stay
// accurate.

typealias Floats = UnsafeMutablePointer<Float>

private func total(_ count: Int, _ term: (Int) -> SIMD8<Double>, _ rest: (Int) -> Double) -> Double
{
  var sums = SIMD8<Double>()
  var index = 0
  while index &+ 8 <= count {
    sums += term(index)
    index &+= 8
  }
  var sum = sums.sum()
  while index < count {
    sum += rest(index)
    index &+= 1
  }
  return sum
}

@inline(__always)
private func eight(_ x: Floats, _ index: Int) -> SIMD8<Double> {
  SIMD8<Double>(UnsafeRawPointer(x + index).loadUnaligned(as: SIMD8<Float>.self))
}

/// Σ x
func sum(_ x: Floats, _ count: Int) -> Double {
  total(count, { eight(x, $0) }, { Double(x[$0]) })
}

/// Σ x·(y − c)
func dot(_ x: Floats, _ y: Floats, minus c: Double = 0, _ count: Int) -> Double {
  total(count, { eight(x, $0) * (eight(y, $0) - c) }, { Double(x[$0]) * (Double(y[$0]) - c) })
}

/// Σ (x − c)²
func squares(_ x: Floats, minus c: Double, _ count: Int) -> Double {
  total(
    count,
    {
      let d = eight(x, $0) - c
      return d * d
    },
    { (Double(x[$0]) - c) * (Double(x[$0]) - c) })
}

/// y ← y + x
func add(_ x: Floats, to y: Floats, _ count: Int) {
  for index in 0..<count { y[index] += x[index] }
}
