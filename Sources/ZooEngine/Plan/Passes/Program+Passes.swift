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
}
