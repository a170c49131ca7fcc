extension Program {
  /// A rewrite that makes a program cheaper without changing its result.
  public struct Pass: Sendable {
    public let name: String
    let rewrite: @Sendable (consuming Program) throws -> Program

    public static let foldNorms = Pass(name: "fold norms") { try $0.folded() }
    public static let fuseEpilogues = Pass(name: "fuse epilogues") { $0.fused() }
    public static let meansFirst = Pass(name: "means before 1×1 convolutions") { $0.poolingFirst() }
  }

  /// The passes that every program runs through before an engine compiles it, for inference and for
  /// the frozen prefix of training.
  public static let passes: [Pass] = [.foldNorms, .fuseEpilogues, .meansFirst]

  /// The program after all ``passes``, in order.
  public consuming func simplified() throws -> Program {
    var program = consume self
    for pass in Program.passes { program = try pass.rewrite(program) }
    return program
  }

  /// Merges steps into earlier ones, in order: `merge` changes one of the steps that are kept and
  /// returns its index, or nil if this one is kept too. A step's constants are freed with it.
  /// - Parameter producer: the kept step that computes a value, or after which it is available.
  consuming func merged(
    _ merge: (Step, _ kept: inout [Step], _ producer: [Value: Int]) throws -> Int?
  ) rethrows -> Program {
    var program = consume self
    var steps = program.steps
    program.steps = []
    var producer: [Value: Int] = [:]
    var kept: [Step] = []
    for index in steps.indices {
      let step = steps[index]
      steps[index].constants = []
      if let target = try merge(step, &kept, producer) {
        (kept[target].name, kept[target].output) = (step.name, step.output)
        producer[step.output] = target
      } else {
        producer[step.output] = kept.count
        kept.append(step)
      }
    }
    program.steps = kept
    return program
  }
}
