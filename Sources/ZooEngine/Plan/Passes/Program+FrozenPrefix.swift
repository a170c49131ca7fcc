extension Program {
  /// Cuts off the frozen prefix of a program that learns. What it gives the rest is computed by a
  /// program of its own, as inference does.
  consuming func withoutFrozenPrefix() -> Program {
    guard let flow else { return self }
    var program = consume self
    let prefix = FrozenPrefix(flow)
    program.steps.removeAll { prefix.isFrozen[$0.output] }
    program.prefix = prefix
    return program
  }
}
