@preconcurrency import Glibc  // stdout and stderr are variables in Swift
import ZooKit
import ZooStore

/// Prints a line on standard error, after all previous output.
func writeError(_ line: String) {
  fflush(stdout)
  fputs(line + "\n", stderr)
}

/// 25557032 is `25.6M`.
func short(_ number: Int) -> String {
  let units: [(Double, String)] = [(1e9, "G"), (1e6, "M"), (1e3, "K")]
  for (size, unit) in units where Double(number) >= size {
    return decimal(Double(number) / size, digits: Double(number) / size >= 100 ? 0 : 1) + unit
  }
  return "\(number)"
}
