/// A network as data: operations in the order they were written, each with its layer, its inputs
/// and its full name. A graph can be summarised, checked against a checkpoint, cut and drawn
/// without running anything; a plan compiles it for one purpose.
public struct Graph: Sendable {
  /// One layer at one place of the network.
  public struct Operation: Sendable {
    /// Unique within the graph: `layer1.0.conv1`.
    public let name: String
    public let layer: any Layer
    /// Indices of earlier operations.
    public let inputs: [Int]
    /// What comes out, without the batch.
    public let shape: Shape
    /// Under their full names.
    public let parameters: [Parameter]
    /// The stages it belongs to, outermost first.
    public let stages: [String]
    /// Where it was written, for messages.
    public let site: Site
    /// How often it runs for one picture, at most: once, or for each of its regions.
    public internal(set) var count = 1
  }

  /// A named value that users feed or read.
  public struct Port: Hashable, Sendable {
    public let name: String
    public let operation: Int
  }

  /// A stretch that is another family's features, under names that begin with a prefix.
  public struct Borrowed: Hashable, Sendable {
    /// Whose features they are; its weights fit.
    public let variant: String
    /// What stands before that variant's own names, with its dot.
    public let prefix: String
  }

  public let operations: [Operation]
  public let inputs: [Port]
  public let outputs: [Port]
  /// What of it is another family's.
  public internal(set) var borrowed: [Borrowed] = []

  /// Every parameter once, in the order of first use; shared ones are not repeated.
  public var parameters: [Parameter] {
    var seen: Set<String> = []
    return operations.flatMap(\.parameters).filter { seen.insert($0.name).inserted }
  }

  /// How many numbers are learned; running statistics are not.
  public var parameterCount: Int { learnedNumbers(of: operations.indices.map { $0 }) }

  /// As many of them as inference reads: without heads that only training computes.
  public var inferenceParameterCount: Int {
    learnedNumbers(of: operations.indices.filter { !isAuxiliary($0) })
  }

  private func learnedNumbers(of indices: [Int]) -> Int {
    var seen: Set<String> = []
    return indices.flatMap { operations[$0].parameters }
      .filter { $0.role.isTrainable && seen.insert($0.name).inserted }
      .reduce(0) { $0 + $1.shape.count }
  }

  /// Multiply-accumulates for one picture; heads that only training reads do not count.
  public var macs: Int {
    operations.indices.reduce(0) { $0 + (isAuxiliary($1) ? 0 : macs(of: $1)) }
  }

  /// Only training computes it: it belongs to the stage ``Stage/auxiliary``.
  public func isAuxiliary(_ index: Int) -> Bool {
    operations[index].stages.contains(Stage.auxiliary)
  }

  public func macs(of index: Int) -> Int {
    let operation = operations[index]
    let inputs = operation.inputs.map { operations[$0].shape }
    return operation.count * operation.layer.macs(inputs, operation.shape)
  }

  /// The stages in the order in which they begin, each once.
  public var stages: [String] {
    var seen: Set<String> = []
    return operations.flatMap(\.stages).filter { seen.insert($0).inserted }
  }

  /// The operations of a stage. `backbone` is everything outside the head.
  public func operations(in stage: String) -> [Int] {
    operations.indices.filter { index in
      stage == Stage.backbone
        ? !operations[index].stages.contains(Stage.head)
        : operations[index].stages.contains(stage)
    }
  }

  /// The value that leaves a stage: its last operation.
  public func output(of stage: String) -> Int? { operations(in: stage).last }

  public func index(of name: String) -> Int? { operations.firstIndex { $0.name == name } }

  /// The features that the head takes: the last operation before it.
  public var lastFeatures: Int? { operations(in: Stage.backbone).last }
}

/// The names of stages that the host itself gives meaning to.
public enum Stage {
  public static let backbone = "backbone"
  public static let head = "head"
  /// Heads over what a network knows halfway, for their gradients. Their outputs are outputs of the
  /// graph; inference leaves them out unless it is told to keep them.
  public static let auxiliary = "auxiliary"
}

/// A place in source code.
public struct Site: Hashable, Sendable, CustomStringConvertible {
  public let file: String
  public let line: Int

  /// `ResNet/ResNet.swift` line 41 is `ResNet.swift:41`.
  public var description: String {
    "\(file.split(separator: "/").last ?? ""):\(line)"
  }
}
