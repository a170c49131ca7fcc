/// A network as data: operations in the order they were written, each with its layer, its inputs
/// and its full name. A graph can be summarised, checked against a checkpoint, cut and drawn
/// without running anything; a plan compiles it for one purpose.
public struct Graph: Sendable {
  /// One layer at one position of the network.
  public struct Operation: Sendable {
    /// Unique within the graph: `layer1.0.conv1`.
    public let name: String
    public let layer: any Layer
    /// Indices of earlier operations.
    public let inputs: [Int]
    /// The output shape, without the batch.
    public let shape: Shape
    /// Under their full names.
    public let parameters: [Parameter]
    /// The stages it belongs to, outermost first.
    public let stages: [String]
    /// The source line that created it, for messages.
    public let site: Site
    /// The maximum number of runs per picture: one, or the number of its regions.
    public internal(set) var count = 1
  }

  /// A named input or output.
  public struct Port: Hashable, Sendable {
    public let name: String
    public let operation: Int
  }

  /// A stretch taken from another family, whose names begin with a prefix.
  public struct Borrowed: Hashable, Sendable {
    /// The variant it is taken from, whose weights fit.
    public let variant: String
    /// The prefix of that variant's names, including the dot.
    public let prefix: String
  }

  public let operations: [Operation]
  public let inputs: [Port]
  public let outputs: [Port]
  /// The stretches taken from other families.
  public internal(set) var borrowed: [Borrowed] = []

  /// Every parameter once, in the order of first use, even if shared.
  public var parameters: [Parameter] {
    var seen: Set<String> = []
    return operations.flatMap(\.parameters).filter { seen.insert($0.name).inserted }
  }

  /// The number of learned values, without running statistics.
  public var parameterCount: Int { learnedNumbers(of: operations.indices.map { $0 }) }

  /// The number of learned values that inference reads, without auxiliary heads.
  public var inferenceParameterCount: Int {
    learnedNumbers(of: operations.indices.filter { !isAuxiliary($0) })
  }

  private func learnedNumbers(of indices: [Int]) -> Int {
    var seen: Set<String> = []
    return indices.flatMap { operations[$0].parameters }
      .filter { $0.role.isTrainable && seen.insert($0.name).inserted }
      .reduce(0) { $0 + $1.shape.count }
  }

  /// Multiply-accumulates for one picture, without auxiliary heads.
  public var macs: Int {
    operations.indices.reduce(0) { $0 + (isAuxiliary($1) ? 0 : macs(of: $1)) }
  }

  /// Whether only training computes it, that is, whether it belongs to the stage
  /// ``Stage/auxiliary``.
  public func isAuxiliary(_ index: Int) -> Bool {
    operations[index].stages.contains(Stage.auxiliary)
  }

  public func macs(of index: Int) -> Int {
    let operation = operations[index]
    let inputs = operation.inputs.map { operations[$0].shape }
    return operation.count * operation.layer.macs(inputs, operation.shape)
  }

  /// The stages in order of their first operation.
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

  /// The last operation of the stage.
  public func output(of stage: String) -> Int? { operations(in: stage).last }

  public func index(of name: String) -> Int? { operations.firstIndex { $0.name == name } }

  /// The input of the head: the last operation before it.
  public var lastFeatures: Int? { operations(in: Stage.backbone).last }
}

/// The names of stages with a meaning for the host.
public enum Stage {
  public static let backbone = "backbone"
  public static let head = "head"
  /// Auxiliary heads on intermediate maps, for their gradients. Their outputs are outputs of the
  /// graph, which inference omits unless told to keep them.
  public static let auxiliary = "auxiliary"
}

/// A position in source code.
public struct Site: Hashable, Sendable, CustomStringConvertible {
  public let file: String
  public let line: Int

  /// `ResNet/ResNet.swift` line 41 is `ResNet.swift:41`.
  public var description: String {
    "\(file.split(separator: "/").last ?? ""):\(line)"
  }
}
