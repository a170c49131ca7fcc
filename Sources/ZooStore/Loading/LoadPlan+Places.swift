import ZooKit

/// Finds the parameters that a file's tensors belong to by name.
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

  /// The parameter with the tensor's name, whether or not it fits.
  func match(_ tensor: TensorInfo, without prefix: String) -> LoadPlan.Match? {
    let name = String(tensor.name.dropFirst(prefix.count))
    guard
      let parameter = renames.candidates(for: name).lazy.compactMap({ parameters[$0] }).first
    else { return nil }
    let change = Places.change(changes[parameter.name] ?? .none, for: tensor, parameter)
    return LoadPlan.Match(source: tensor, parameter: parameter, change: change)
  }

  /// Keras stores depthwise kernels in another layout; with one input channel both layouts are the
  /// same.
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

  /// The words with which all names start and that the network does not have: those of wrappers, or
  /// more if every tensor then fits and otherwise not.
  func prefix(of tensors: [TensorInfo]) -> String {
    func allFit(_ prefix: String) -> Bool {
      tensors.allSatisfy { match($0, without: prefix)?.fits ?? false }
    }
    let shared = Places.sharedPrefixes(of: tensors)
    let wrapper = shared.last(where: Places.isWrapper) ?? ""
    if allFit(wrapper) { return wrapper }
    return shared.first { $0.count > wrapper.count && allFit($0) } ?? wrapper
  }

  /// Such as data parallel around compiled around data parallel.
  private static func isWrapper(_ prefix: String) -> Bool {
    prefix.split(separator: ".").allSatisfy { ["module", "_orig_mod"].contains($0) }
  }

  /// `a.` and `a.b.`, if every name starts with both and continues.
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
  /// Whether its numbers can be loaded.
  var fits: Bool { source.type.isFloat && change.shape(from: source.shape) == parameter.shape }
}
