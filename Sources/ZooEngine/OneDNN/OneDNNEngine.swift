import ZooKit

/// Whole programs on oneDNN: maps stay in the blocked layouts of its kernels from one step to the
/// next, weights are packed once. What oneDNN has no good kernel for runs as its layer does it.
public struct OneDNNEngine: Engine {
  /// Whether 3×3 convolutions may take Winograd's way: a quarter of the multiplications, and
  /// relative errors of 1e-5 instead of 1e-6.
  public let winograd: Bool

  /// Throws, with the reason, where the library cannot be used.
  public init(winograd: Bool = true) throws {
    _ = try OneDNN.library.get()
    self.winograd = winograd
  }

  public var name: String { "onednn" }

  public func compile(_ program: Program, batch: Int) throws -> any Executable {
    try OneDNNExecutable(OneDNNCompiler(program, batch: batch, winograd: winograd))
  }
}
