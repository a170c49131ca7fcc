import ZooKit

/// The likely meaning of a name without a match: the one at the same place in the network, else the
/// most similar by shape first, then by spelling.
struct Neighbours {
  private let left: [TensorInfo]
  private let absent: [Parameter]
  private let changes: [String: LayoutChange]
  private let parameters: [String: String]
  private let tensors: [String: String]

  init(
    left: [TensorInfo], absent: [Parameter], changes: [String: LayoutChange], prefix: String
  ) {
    (self.left, self.absent, self.changes) = (left, absent, changes)
    let pairs = Pairing(left, absent, changes: changes, prefix: prefix).pairs
    parameters = Dictionary(
      pairs.map { (left[$0.tensor].name, absent[$0.parameter].name) }, uniquingKeysWith: { $1 })
    tensors = Dictionary(
      pairs.map { (absent[$0.parameter].name, left[$0.tensor].name) }, uniquingKeysWith: { $1 })
  }

  /// A file may contain any number of names of any length, but a hint must not take long.
  static let most = 100
  static let longest = 200
  /// The number of character comparisons for one hint: a thousand names of usual length.
  static let work = 2_000_000

  func tensor(for parameter: Parameter, rank: Int) -> String? {
    guard rank < Neighbours.most else { return nil }
    return tensors[parameter.name]
      ?? nearest(to: parameter.name, left.lazy.map { ($0.name, fits($0, parameter)) })
  }

  func parameter(for tensor: TensorInfo, rank: Int) -> String? {
    guard rank < Neighbours.most, tensor.name.utf8.count <= Neighbours.longest else { return nil }
    return parameters[tensor.name]
      ?? nearest(to: tensor.name, absent.lazy.map { ($0.name, fits(tensor, $0)) })
  }

  private func fits(_ tensor: TensorInfo, _ parameter: Parameter) -> Bool {
    (changes[parameter.name] ?? .none).shape(from: tensor.shape) == parameter.shape
  }

  private func nearest(to name: String, _ others: some Sequence<(String, Bool)>) -> String? {
    var best: (name: String, score: Int)?
    var work = 0
    for (other, fits) in others where other.utf8.count <= Neighbours.longest {
      work += name.utf8.count * other.utf8.count
      guard work <= Neighbours.work else { break }
      let distance = editDistance(name, other)
      let limit = fits ? name.utf8.count * 2 / 3 : max(2, name.utf8.count / 4)
      guard distance <= limit else { continue }
      // Another shape counts as much as half of the name.
      let score = distance + (fits ? 0 : name.utf8.count / 2)
      if best.map({ score < $0.score }) ?? true { best = (other, score) }
    }
    return best?.name
  }
}
