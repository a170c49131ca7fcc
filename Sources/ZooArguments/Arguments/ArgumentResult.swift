/// The result type of an argument. It decides how often the argument may occur: `Int` once (or its
/// default), `Int?` at most once, `[Int]` any number of times.
public protocol ArgumentResult: Sendable {
  associatedtype Value: ArgumentValue
  /// The number of occurrences, without a default.
  static var occurs: ClosedRange<Int> { get }
  /// Nil if a value is missing.
  static func gather(_ values: [Value]) -> Self?
  /// Back to values, to show a default.
  var values: [Value] { get }
}

extension ArgumentValue {
  public static var occurs: ClosedRange<Int> { 1...1 }
  public static func gather(_ values: [Self]) -> Self? { values.last }
  public var values: [Self] { [self] }
}

extension Optional: ArgumentResult where Wrapped: ArgumentValue {
  public static var occurs: ClosedRange<Int> { 0...1 }
  public static func gather(_ values: [Wrapped]) -> Wrapped?? { .some(values.last) }
  public var values: [Wrapped] { map { [$0] } ?? [] }
}

extension Array: ArgumentResult where Element: ArgumentValue {
  public static var occurs: ClosedRange<Int> { 0...Int.max }
  public static func gather(_ values: [Element]) -> [Element]? { values }
  public var values: [Element] { self }
}
