import Glibc

/// McNemar's test (1947) in its exact form: whether two classifiers differ on the same pictures.
///
/// Pictures that both have right or both have wrong say nothing. If the classifiers were equally good,
/// each of the others would be right for one or the other like the toss of a coin.
public struct McNemar: Hashable, Sendable {
  /// Pictures that only one of them has right.
  public let onlyFirst, onlySecond: Int

  public init(onlyFirst: Int, onlySecond: Int) {
    (self.onlyFirst, self.onlySecond) = (onlyFirst, onlySecond)
  }

  public init(_ first: [Bool], _ second: [Bool]) {
    let pairs = zip(first, second)
    self.init(
      onlyFirst: pairs.count { $0 && !$1 }, onlySecond: pairs.count { !$0 && $1 })
  }

  /// The two-sided p-value of the binomial distribution.
  public var p: Double {
    let (all, fewer) = (onlyFirst + onlySecond, min(onlyFirst, onlySecond))
    guard onlyFirst != onlySecond else { return 1 }
    let whole = lgamma(Double(all + 1)) - Double(all) * log(2.0)
    let tail = (0...fewer).reduce(0.0) { sum, hits in
      sum + exp(whole - lgamma(Double(hits + 1)) - lgamma(Double(all - hits + 1)))
    }
    return min(1, 2 * tail)
  }
}
