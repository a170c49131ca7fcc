import Glibc
import ZooKit
import ZooStore

/// The space of a search: options and their allowed values.
///
/// ```swift
/// let space = try SearchSpace(["lr=1e-4..1e-1", "augment=none,light", "batch=16,32"])
/// ```
public struct SearchSpace: Sendable {
  /// The values of an option.
  public enum Choice: Sendable {
    case values([JSON])
    /// Any number in between, on a logarithmic scale if the range spans more than a power of ten.
    case range(ClosedRange<Double>)
  }

  public struct Dimension: Sendable {
    public let choice: Choice
    let setting: Setting
    let text: String

    public var name: String { setting.name }
  }

  public let dimensions: [Dimension]

  /// - Parameter declarations: `NAME=A..B` or `NAME=A,B,C`, with the names of a recipe.
  public init(_ declarations: [String]) throws {
    dimensions = try declarations.map { try Dimension($0) }
    let names = dimensions.map(\.name)
    if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw ZooError.usage("\(twice) is varied twice")
    }
  }

  /// The default space: the learning rate around its usual value, and the weight decay.
  static func usual(_ options: Finetuning) throws -> SearchSpace {
    let rate = options.rate ?? 1e-3
    return try SearchSpace(["lr=\(rate / 10)..\(rate * 10)", "weight-decay=1e-5..1e-1"])
  }

  var json: JSON { JSON(dimensions.map { JSON($0.text) }) }

  /// The options with these values.
  func applied(_ values: [JSON], to options: Finetuning) throws -> Finetuning {
    var changed = options
    for (dimension, value) in zip(dimensions, values) { try dimension.set(value, in: &changed) }
    try changed.check()
    return changed
  }

  /// Every combination; a range contributes its ends and two values in between.
  var grid: [[JSON]] {
    dimensions.reduce([[]]) { rows, dimension in
      rows.flatMap { row in dimension.steps.map { row + [$0] } }
    }
  }
}

extension SearchSpace.Dimension {
  fileprivate init(_ text: String) throws {
    func wrong(_ why: String) -> ZooError {
      .usage("“\(text)” \(why); expected NAME=A..B or NAME=A,B,C")
    }
    guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
      throw wrong("names no option")
    }
    setting = try .named(String(text[..<equals]))
    guard setting.isSearchable else { throw ZooError.usage("a search cannot vary \(setting.name)") }
    self.text = text
    let values = String(text[text.index(after: equals)...])
    if let dots = values.firstRange(of: "..") {
      guard setting.isNumber else {
        throw ZooError.usage(
          "“\(setting.name)” cannot be drawn from a range: it wants \(setting.wanted); list the values, "
            + "as in NAME=A,B,C")
      }
      guard let low = Double(values[..<dots.lowerBound]),
        let high = Double(values[dots.upperBound...]), low < high, low.isFinite, high.isFinite
      else { throw wrong("is not a range of numbers") }
      choice = .range(low...high)
    } else {
      let parts = values.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      guard parts.allSatisfy({ !$0.isEmpty }) else { throw wrong("has an empty value") }
      choice = .values(parts.map(JSON.init(word:)))
    }
    var scratch = Finetuning()
    for value in steps { try set(value, in: &scratch) }
  }

  func set(_ value: JSON, in options: inout Finetuning) throws {
    let word = value.string ?? value.text()
    guard try setting.take([word], into: &options) else {
      throw ZooError.usage("“\(name)” wants \(setting.wanted); got \(word)")
    }
  }

  /// The position of a value in 0...1; for a list, by its index.
  func place(of value: JSON) -> Double {
    switch choice {
    case .values(let all): Double(all.firstIndex { $0.text() == value.text() } ?? 0)
    case .range(let range): scale(range).place(value.number ?? range.lowerBound)
    }
  }

  /// The value at a position in 0...1; for a list, by its index.
  func value(at place: Double) -> JSON {
    switch choice {
    case .values(let all): all[min(max(Int(place), 0), all.count - 1)]
    case .range(let range): JSON(scale(range).value(min(max(place, 0), 1)))
    }
  }

  fileprivate var steps: [JSON] {
    switch choice {
    case .values(let all): all
    case .range: [0, 1.0 / 3, 2.0 / 3, 1].map(value(at:))
    }
  }

  private func scale(_ range: ClosedRange<Double>) -> (
    place: (Double) -> Double, value: (Double) -> Double
  ) {
    let (low, high) = (range.lowerBound, range.upperBound)
    guard low > 0, high / low > 10 else {
      return ({ ($0 - low) / (high - low) }, { low + $0 * (high - low) })
    }
    let span = log(high / low)
    return ({ log($0 / low) / span }, { min(high, low * exp($0 * span)) })
  }
}

extension JSON {
  /// A word of the command line as a JSON value.
  fileprivate init(word: String) {
    if let integer = Int(word) {
      self.init(integer)
    } else if let number = Double(word), number.isFinite {
      self.init(number)
    } else if word == "true" || word == "false" {
      self.init(.bool(word == "true"))
    } else {
      self.init(word)
    }
  }
}
