import ZooKit

/// Where the tensors of a file belong by their names.
struct Places {
  private let parameters: [String: Parameter]
  private let changes: [String: LayoutChange]
  private let renames: [Rename]

  init(_ parameters: [Parameter], changes: [String: LayoutChange], renames: [Rename]) {
    self.parameters = Dictionary(
      parameters.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.changes = changes
    self.renames = renames
  }

  /// The parameter that a tensor is called by, whether it fits or not.
  func match(_ tensor: TensorInfo, without prefix: String) -> LoadPlan.Match? {
    let name = String(tensor.name.dropFirst(prefix.count))
    guard
      let parameter = renames.candidates(for: name).lazy.compactMap({ parameters[$0] }).first
    else { return nil }
    let change = Places.change(changes[parameter.name] ?? .none, for: tensor, parameter)
    return LoadPlan.Match(source: tensor, parameter: parameter, change: change)
  }

  /// Keras keeps depthwise kernels in a form of their own; with one input channel both forms are
  /// the same numbers.
  private static func change(
    _ change: LayoutChange, for tensor: TensorInfo, _ parameter: Parameter
  ) -> LayoutChange {
    guard change == .kernel, change.shape(from: tensor.shape) != parameter.shape,
      LayoutChange.depthwiseKernel.shape(from: tensor.shape) == parameter.shape
    else { return change }
    return .depthwiseKernel
  }

  // MARK: Prefixes

  /// No file wraps a network deeper than this.
  private static let deepest = 8

  /// The words that all names begin with and the network does not know: those of wrappers, or more
  /// where every tensor then fits and it does not without.
  func prefix(of tensors: [TensorInfo]) -> String {
    func allFit(_ prefix: String) -> Bool {
      tensors.allSatisfy { match($0, without: prefix)?.fits ?? false }
    }
    let shared = Places.sharedPrefixes(of: tensors)
    let wrapper = shared.last(where: Places.isWrapper) ?? ""
    if allFit(wrapper) { return wrapper }
    return shared.first { $0.count > wrapper.count && allFit($0) } ?? wrapper
  }

  /// Data parallel around compiled around data parallel.
  private static func isWrapper(_ prefix: String) -> Bool {
    prefix.split(separator: ".").allSatisfy { ["module", "_orig_mod"].contains($0) }
  }

  /// `a.` and `a.b.`, where every name begins with both and goes on.
  static func sharedPrefixes(of tensors: [TensorInfo]) -> [String] {
    guard let first = tensors.first?.name else { return [] }
    let words = first.split(separator: ".", omittingEmptySubsequences: false)
    let prefixes = (1..<max(1, min(words.count, deepest + 1))).map {
      words.prefix($0).joined(separator: ".") + "."
    }
    return Array(
      prefixes.prefix { prefix in
        tensors.allSatisfy { $0.name.utf8.count > prefix.utf8.count && $0.name.hasPrefix(prefix) }
      })
  }
}

extension LoadPlan.Match {
  /// Its numbers can be taken.
  var fits: Bool { source.type.isFloat && change.shape(from: source.shape) == parameter.shape }
}
