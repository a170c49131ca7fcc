import Foundation
import Glibc

/// How long the tests of hostile files go on: `make torture` sets `ZOO_TORTURE` to a number of
/// mutants, and `ZOO_TORTURE_SEED` to the first of them.
public enum Torture {
  public static let count = number("ZOO_TORTURE")

  /// The seeds of the mutants of one test.
  /// - Parameter usual: how many they are in an ordinary run.
  public static func rounds(_ usual: Int) -> Range<Int> {
    let first = number("ZOO_TORTURE_SEED") ?? 0
    return first..<first + (count ?? usual)
  }

  /// The most memory that this process has held at once, in bytes.
  public static var peak: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss << 10
  }

  private static func number(_ name: String) -> Int? {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
  }
}
