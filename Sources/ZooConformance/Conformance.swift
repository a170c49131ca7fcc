import ZooKit

/// Whether a family keeps what the rest of the zoo relies on.
///
/// One line in a plugin's tests, whatever runs them, inside this repository or outside it:
/// ```swift
/// @Test func conforms() throws { try Conformance.check(Tiny.self) }
/// ```
/// What only looks at the network as data is checked for every variant; what runs or trains it, for
/// the family's miniatures, or for its smallest variant where it has none. Detectors that run in
/// parts are run part by part.
public struct Conformance: Sendable {
  /// One promise.
  public enum Check: String, CaseIterable, Sendable {
    /// Graphs build, for several sizes of pictures; outputs have the shapes of the task.
    case shapes
    /// Parameters have names of their own, the same ones every time.
    case names
    /// Every layer belongs to a stretch that can be frozen and read.
    case stages
    /// What a summary says of shapes, parameters and multiply-accumulates is what runs.
    case summary
    /// The head is all that depends on the classes; another one leaves the rest as it was.
    case head
    /// Every engine computes the same finite numbers, for each picture by itself.
    case forward
    /// The way back is the way forward's derivative, on every engine.
    case gradients
    /// A frozen stretch keeps its bytes, and the rest learns.
    case freezing
    /// What was saved comes back.
    case storage
    /// Eight pictures can be learned by heart.
    case learning
  }

  /// A promise that is not kept.
  public struct Finding: Hashable, Sendable, CustomStringConvertible {
    public let check: Check
    /// The variant, or `miniature` and its name: one may be called like a variant.
    public let subject: String
    /// What was found and what was expected.
    public let message: String

    public var description: String { "\(check): \(subject): \(message)" }
  }

  /// All findings of a family.
  public struct Failure: Error, Sendable, CustomStringConvertible {
    public let family: String
    public let findings: [Finding]

    public var description: String {
      (["\(family) does not conform:"] + findings.map { "  \($0)" }).joined(separator: "\n")
    }
  }

  public let family: Registry.Family

  public init(_ family: Registry.Family) { self.family = family }

  /// A family that need not be registered.
  public init(_ family: any Architecture.Type) throws {
    var registry = Registry()
    try registry.add(family)
    self.init(registry.families[0])
  }

  /// Throws a ``Failure`` with everything that is wrong.
  /// - Parameters:
  ///   - family: need not be registered.
  ///   - checks: all of them where nothing else is said.
  public static func check(
    _ family: any Architecture.Type, _ checks: [Check] = Check.allCases
  ) throws {
    let findings = try Conformance(family).findings(checks)
    guard findings.isEmpty else { throw Failure(family: family.name, findings: findings) }
  }

  /// What is wrong; nothing where all is well.
  public func findings(_ checks: [Check] = Check.allCases) -> [Finding] {
    checks.flatMap { check in
      subjects(of: check).flatMap { subject in
        var notes = Notes(check: check, subject: subject.title)
        notes.attempt { notes in try run(check, subject, &notes) }
        return notes.findings
      }
    }
  }

  /// A network that is looked at as data, or one that is run and trained too.
  private struct Subject {
    let variant: Variant
    let isSample: Bool
    let title: String
  }

  /// What a check is about.
  private func subjects(of check: Check) -> [Subject] {
    switch check {
    case .shapes, .names, .stages, .head: samples + others
    case .summary, .forward, .gradients, .freezing, .storage, .learning: samples
    }
  }

  /// What can be run and trained in a moment: miniatures, else the smallest variant.
  private var samples: [Subject] {
    if family.miniatures.isEmpty {
      return smallest.map { [Subject(variant: $0, isSample: true, title: $0.name)] } ?? []
    }
    return family.miniatures.map {
      Subject(variant: $0, isSample: true, title: "miniature \($0.name)")
    }
  }

  private var others: [Subject] {
    let sample = family.miniatures.isEmpty ? smallest?.name : nil
    return family.variants.filter { $0.name != sample }.map {
      Subject(variant: $0, isSample: false, title: $0.name)
    }
  }

  private var smallest: Variant? {
    let costs = family.variants.map { variant in
      (variant: variant, macs: (try? variant.graph().macs) ?? .max)
    }
    return costs.min { $0.macs < $1.macs }?.variant
  }

  private func run(_ check: Check, _ subject: Subject, _ notes: inout Notes) throws {
    let variant = subject.variant
    switch check {
    case .shapes: try checkShapes(variant, &notes)
    case .names: try checkNames(variant, &notes)
    case .stages: try checkStages(variant, &notes)
    case .head:
      try checkHead(variant, &notes)
      if subject.isSample { try checkBytes(Sample(variant), &notes) }
    case .summary: try checkSummary(Sample(variant), &notes)
    case .forward: try checkForward(Sample(variant), &notes)
    case .gradients: try checkGradients(Sample(variant), &notes)
    case .freezing: try checkFreezing(Sample(variant), &notes)
    case .storage: try checkStorage(Sample(variant), &notes)
    case .learning: try checkLearning(Sample(variant), &notes)
    }
  }
}

/// Findings as they come.
struct Notes {
  let check: Conformance.Check
  let subject: String
  private(set) var findings: [Conformance.Finding] = []

  init(check: Conformance.Check, subject: String) {
    (self.check, self.subject) = (check, subject)
  }

  mutating func note(_ message: String) {
    findings.append(.init(check: check, subject: subject, message: message))
  }

  mutating func expect(_ isSo: Bool, else message: @autoclosure () -> String) {
    if !isSo { note(message()) }
  }

  /// An error is a finding too.
  mutating func attempt(_ body: (inout Notes) throws -> Void) {
    do { try body(&self) } catch { note((error as? ZooError)?.message ?? "\(error)") }
  }

  /// Some of many names.
  static func list(_ names: some Collection<String>) -> String {
    names.prefix(3).joined(separator: ", ")
      + (names.count > 3 ? " and \(names.count - 3) more" : "")
  }
}
