extension Program {
  /// Splits off the frozen prefix of a training program. Its outputs are computed by a separate
  /// program, as in inference.
  consuming func withoutFrozenPrefix() -> Program {
    guard let flow else { return self }
    var program = consume self
    let prefix = FrozenPrefix(flow)
    program.steps.removeAll { prefix.isFrozen[$0.output] }
    program.prefix = prefix
    return program
  }
}
