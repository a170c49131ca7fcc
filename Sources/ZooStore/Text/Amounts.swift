/// `74 of 257 MB`: both in the larger one's unit.
package func byteCount(_ part: Int, of whole: Int) -> String {
  let scale = ByteScale(for: whole)
  return "\(scale.number(part)) of \(scale.number(whole)) \(scale.name)"
}

/// `46.8 MB`, in powers of 1000.
package func byteCount(_ count: Int) -> String {
  let scale = ByteScale(for: count)
  return "\(scale.number(count)) \(scale.name)"
}

/// A fixed number of digits after the point, independent of the locale.
package func decimal(_ number: Double, digits: Int) -> String {
  guard number.isFinite, number.magnitude < 1e15, digits > 0 else {
    return number.isFinite && number.magnitude < 1e15 ? "\(Int(number.rounded()))" : "\(number)"
  }
  let power = (0..<digits).reduce(1) { power, _ in power * 10 }
  let units = Int((number.magnitude * Double(power)).rounded())
  let fraction = String(units % power)
  let zeros = String(repeating: "0", count: digits - fraction.utf8.count)
  return (number < 0 && units > 0 ? "-" : "") + "\(units / power).\(zeros)\(fraction)"
}

/// 0.000123 as `1.2e-4`.
package func scientific(_ number: Double) -> String {
  guard number > 0, number.isFinite else { return number == 0 ? "0" : "\(number)" }
  var (digits, exponent) = (number, 0)
  while digits >= 9.95 { (digits, exponent) = (digits / 10, exponent + 1) }
  while digits < 0.995 { (digits, exponent) = (digits * 10, exponent - 1) }
  return "\(decimal(digits, digits: 1))e\(exponent)"
}

private struct ByteScale {
  let unit: Double
  let name: String

  init(for count: Int) {
    switch count {
    case ..<1000: (unit, name) = (1, "bytes")
    case ..<1_000_000: (unit, name) = (1e3, "kB")
    case ..<1_000_000_000: (unit, name) = (1e6, "MB")
    default: (unit, name) = (1e9, "GB")
    }
  }

  func number(_ count: Int) -> String {
    decimal(Double(count) / unit, digits: unit > 1 ? 1 : 0)
  }
}
