import ZooKit

extension LoadPlan {
  /// Renames that would match unmatched tensors with unmatched parameters, ready for the catalogue.
  /// A rename that drops a prefix shared by all names comes first, then those that match most. They
  /// do not affect tensors that already fit.
  ///
  /// Each pair of a tensor and a parameter at the same place, or with similar names, suggests a few
  /// rules: the difference between their names, literally and with stars for numbers and equal
  /// words. A rule is judged by its effect on all tensors, not only on that pair.
  public func proposedRenames() throws -> [Rename] {
    let left = unexpected.prefix(Proposals.most).map(\.source)
    let absent = missing.prefix(Proposals.most).map(\.parameter)
    guard !left.isEmpty, !absent.isEmpty else { return [] }
    func name(_ tensor: TensorInfo) -> String { String(tensor.name.dropFirst(prefix.count)) }

    let pairs = Pairing(left, absent, changes: changes, prefix: prefix).pairs
    let settled =
      matched.map { (name($0.source), $0.parameter.name) }
      + mismatched.map { (name($0.source), $0.parameter.name) }
    let proposals = Proposals(
      tensors: left.map { tensor in
        .init(name: name(tensor), fits: { fits(tensor, $0) })
      },
      parameters: absent, partners: Dictionary(uniqueKeysWithValues: pairs.map { ($0, $1) }),
      settled: Array(settled.prefix(Proposals.most)), filled: Set(settled.map(\.1)),
      shared: Places.sharedPrefixes(of: source.tensors.filter { !$0.isBatchCounter })
        .filter { $0.utf8.count > prefix.utf8.count }
        .map { String($0.dropFirst(prefix.count).dropLast()) })
    let near =
      unexpected.prefix(Proposals.most).compactMap { item in
        item.near.map { (name(item.source), $0) }
      }
      + missing.prefix(Proposals.most).compactMap { item in
        item.near.map { (String($0.dropFirst(prefix.count)), item.parameter.name) }
      }
    return proposals.best(
      of: pairs.map { (name(left[$0.tensor]), absent[$0.parameter].name) } + near)
  }

  private func fits(_ tensor: TensorInfo, _ parameter: Parameter) -> Bool {
    tensor.type.isFloat
      && (changes[parameter.name] ?? .none).shape(from: tensor.shape) == parameter.shape
  }
}
