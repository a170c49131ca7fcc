import ZooKit

/// Tests a family against everything that the rest of the zoo relies on.
///
/// It takes one line in a plugin's tests, in any test framework, inside or outside this repository:
/// ```swift
/// @Test func conforms() throws { try Conformance.check(Tiny.self) }
/// ```
/// Checks of the network as data apply to every variant. Checks that run or train it apply to the
/// family's miniatures, or to its smallest variant if it has none. Detectors that run in parts are
/// run part by part.
public struct Conformance: Sendable {
  /// One requirement.
  public enum Check: String, CaseIterable, Sendable {
    /// Graphs build for several picture sizes; outputs have the shapes of the task.
    case shapes
    /// Parameter names are unique and always the same.
    case names
    /// Every layer belongs to a stage that can be frozen and read.
    case stages
    /// Shapes, parameters and multiply-accumulates in a summary equal those of a run.
    case summary
    /// Only the head depends on the classes; replacing it does not change the rest.
    case head
    /// Every engine computes the same finite numbers, for each picture alone.
    case forward
    /// Backward computes the derivative of forward, on every engine.
    case gradients
    /// A frozen stretch keeps its bytes while the rest learns.
    case freezing
    /// A saved checkpoint is read back unchanged.
    case storage
    /// Eight pictures can be memorised.
    case learning
  }

  /// A violated requirement.
  public struct Finding: Hashable, Sendable, CustomStringConvertible {
    public let check: Check
    /// The variant, or `miniature` and its name, because a miniature may have a variant's name.
    public let subject: String
    /// The value found and the value expected.
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

  /// The family need not be registered.
  public init(_ family: any Architecture.Type) throws {
    var registry = Registry()
    try registry.add(family)
    self.init(registry.families[0])
  }

  /// Throws a ``Failure`` with all findings.
  /// - Parameters:
  ///   - family: the family, which need not be registered.
  ///   - checks: the checks to run; all by default.
  public static func check(
    _ family: any Architecture.Type, _ checks: [Check] = Check.allCases
  ) throws {
    let findings = try Conformance(family).findings(checks)
    guard findings.isEmpty else { throw Failure(family: family.name, findings: findings) }
  }

  /// All findings; empty if the family conforms.
  public func findings(_ checks: [Check] = Check.allCases) -> [Finding] {
    checks.flatMap { check in
      subjects(of: check).flatMap { subject in
        var notes = Notes(check: check, subject: subject.title)
        notes.attempt { notes in try run(check, subject, &notes) }
        return notes.findings
      }
    }
  }

  /// A network to inspect as data, or to run and train too.
  private struct Subject {
    let variant: Variant
    let isSample: Bool
    let title: String
  }

  /// The networks to which a check applies.
  private func subjects(of check: Check) -> [Subject] {
    switch check {
    case .shapes, .names, .stages, .head: samples + others
    case .summary, .forward, .gradients, .freezing, .storage, .learning: samples
    }
  }

  /// Networks that run and train quickly: miniatures, else the smallest variant.
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

/// Collects findings.
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

  /// Records a thrown error as a finding.
  mutating func attempt(_ body: (inout Notes) throws -> Void) {
    do { try body(&self) } catch { note((error as? ZooError)?.message ?? "\(error)") }
  }

  /// A shortened list of names.
  static func list(_ names: some Collection<String>) -> String {
    names.prefix(3).joined(separator: ", ")
      + (names.count > 3 ? " and \(names.count - 3) more" : "")
  }
}
