import ZooKit

extension Conformance {
  /// Every parameter has a unique name that is valid in a file and depends only on the network.
  func checkNames(_ variant: Variant, _ notes: inout Notes) throws {
    let graph = try variant.graph()
    let parameters = graph.parameters
    for parameter in parameters where !parameter.name.isFitForFiles {
      notes.note("“\(parameter.name)” cannot be the name of a tensor")
    }
    /// The operation that a name belongs to; shared parameters belong to the first one.
    var owners: [String: (owner: String, shape: Shape)] = [:]
    for operation in graph.operations {
      var own: Set<String> = []
      for parameter in operation.parameters {
        notes.expect(
          own.insert(parameter.name).inserted,
          else: "\(operation.name) has two parameters called \(parameter.name)")
        let owner = operation.name.withoutCount
        if let first = owners[parameter.name] {
          notes.expect(
            first.owner == owner && first.shape == parameter.shape,
            else: "\(parameter.name) is a parameter of both \(first.owner) and \(owner)")
        } else {
          owners[parameter.name] = (owner, parameter.shape)
        }
      }
    }
    let again = try variant.graph()
    notes.expect(
      again.parameters == parameters
        && again.operations.map(\.name) == graph.operations.map(\.name),
      else: "built a second time, it has other names, or the same ones in another order")
    let input = variant.architecture.input
    if let larger = try? variant.graph(
      input: [input.channels, 2 * input.height, 2 * input.width])
    {
      notes.expect(
        larger.parameters.map(\.name) == parameters.map(\.name),
        else: "for larger pictures its parameters have other names")
    }
    if let fewer = try? variant.graph(head: .original(classes: variant.architecture.classes + 3)) {
      notes.expect(
        fewer.parameters.map(\.name) == parameters.map(\.name),
        else: "for another number of classes its parameters have other names")
    }
  }
}

extension String {
  /// Printable, without slashes, which separate HDF5's groups, and without empty parts.
  fileprivate var isFitForFiles: Bool {
    unicodeScalars.allSatisfy { $0.isASCII && $0.value > 32 && $0.value < 127 && $0 != "/" }
      && !split(separator: ".", omittingEmptySubsequences: false).contains("")
  }

  /// `rpn.conv` for `rpn.conv_3`, a name that a shared scope numbered.
  fileprivate var withoutCount: String {
    guard let line = lastIndex(of: "_"), line != startIndex,
      Int(self[index(after: line)...]) != nil
    else { return self }
    return String(self[..<line])
  }
}
