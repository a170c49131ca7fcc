import ZooKit

extension LoadPlan {
  /// Reads the matched tensors, in the order of the network. With `.strict`, nothing is read unless
  /// everything fits; the error then names the mismatches.
  public func execute(_ policy: Policy = .strict) throws -> Weights {
    if policy == .strict, !isComplete {
      throw ZooError.corrupt("\(source.origin) does not fit: \(complaint)")
    }
    guard !matched.isEmpty else {
      throw ZooError.corrupt("\(source.origin) fits nowhere: \(complaint)")
    }
    var weights = Weights()
    for match in matched { weights[match.parameter.name] = try read(match) }
    return weights
  }

  private func read(_ match: Match) throws -> Tensor {
    let shape = match.parameter.shape
    if match.change == .none {
      return try Tensor(shape) { try source.read(match.source, into: $0) }
    }
    let there = try Tensor(match.source.shape) { try source.read(match.source, into: $0) }
    return try Tensor(shape) { target in
      there.withValues { match.change.apply($0, there.shape, to: target) }
    }
  }

  /// “6 tensors missing: classifier.0.weight, …; 1 unexpected: head.bias”
  public var complaint: String {
    let parts = [
      LoadPlan.list(missing.map(\.parameter.name), "missing"),
      LoadPlan.list(unexpected.map(\.source.name), "unexpected"),
      LoadPlan.list(mismatched.map(\.explanation), "of another shape or type"),
    ]
    let said = parts.compactMap(\.self).joined(separator: "; ")
    return said.isEmpty ? "it has no tensors" : said
  }

  private static func list(_ names: [String], _ what: String) -> String? {
    guard !names.isEmpty else { return nil }
    let shown = names.prefix(6).map(printable).joined(separator: ", ")
    return "\(names.count) \(names.count == 1 ? "tensor" : "tensors") \(what): \(shown)"
      + (names.count > 6 ? ", …" : "")
  }

  /// The shape of `zoo diff --json`.
  public func json(variant: String) -> JSON {
    func sizes(_ shape: Shape) -> JSON { JSON(shape.sizes) }
    return [
      "variant": JSON(variant), "coverage": JSON(coverage), "matched": JSON(matched.count),
      "transposed": JSON(transposed), "missing": JSON(missing.map(\.parameter.name)),
      "unexpected": JSON(unexpected.map(\.source.name)),
      "mismatched": JSON(
        mismatched.map { mismatch -> JSON in
          [
            "name": JSON(mismatch.parameter.name), "found": sizes(mismatch.found),
            "expected": sizes(mismatch.parameter.shape), "near": JSON(mismatch.near),
          ]
        }),
    ]
  }
}

extension LoadPlan.Mismatch {
  /// “fc.weight (found 10×512, expected 1000×512)”
  public var explanation: String {
    let type = source.type.isFloat ? "" : " \(source.type.rawValue)"
    return "\(parameter.name) (found \(found)\(type), expected \(parameter.shape))"
  }
}

/// A name from a file, shortened and without control characters, because it goes to a terminal.
private func printable(_ name: String) -> String {
  let clean = name.unicodeScalars.map { $0.properties.generalCategory == .control ? "·" : "\($0)" }
  return clean.count > 120 ? clean.prefix(120).joined() + "…" : clean.joined()
}
