import ZooKit
import ZooStore

extension DarknetWeights {
  /// The file as a network's weights: layer by layer in the order of the network. Each layer stores
  /// its biases, then scales, means and variances if a norm follows, then the kernel.
  ///
  /// The sizes must add up to the file's, to the byte. Pretrained files that are published as a
  /// starting point end after some layer; for these the load plan lists the missing parameters.
  public func laid(over graph: Graph) throws -> DarknetCheckpoint {
    var places: [DarknetCheckpoint.Place] = []
    var offset = header
    var ended: String?
    for (layer, parameters) in try DarknetWeights.order(of: graph) {
      let start = offset
      var layerPlaces: [DarknetCheckpoint.Place] = []
      for parameter in parameters {
        layerPlaces.append(.init(parameter: parameter, offset: offset))
        offset += 4 * parameter.shape.count
      }
      if offset <= file.size { places += layerPlaces } else { ended = ended ?? layer }
      if start < file.size, offset > file.size {
        let broken = layerPlaces.last { $0.offset < file.size }?.parameter.name ?? layer
        throw ZooError.corrupt(
          "\(origin) is truncated: it has \(file.size) bytes and ends within \(broken); "
            + "expected \(try expected(by: graph)) bytes")
      }
    }
    guard offset >= file.size else {
      throw ZooError.corrupt(
        "\(origin) has \(file.size) bytes; expected \(offset): \(file.size - offset) are left "
          + "after the last layer")
    }
    return DarknetCheckpoint(
      weights: self, places: places, expected: offset, firstMissing: ended)
  }

  /// The size in bytes of a file for the network.
  public func expected(by graph: Graph) throws -> Int {
    try DarknetWeights.order(of: graph).reduce(header) { size, layer in
      layer.parameters.reduce(size) { $0 + 4 * $1.shape.count }
    }
  }

  /// The size of the file in bytes.
  public var size: Int { file.size }

  /// The layers with parameters, and the parameters of each in Darknet's order.
  static func order(of graph: Graph) throws -> [(layer: String, parameters: [Parameter])] {
    var followers: [Int: Int] = [:]
    for (index, operation) in graph.operations.enumerated() where operation.layer is BatchNorm {
      followers[operation.inputs[0]] = index
    }
    var norms: Set<Int> = []
    var layers: [(layer: String, parameters: [Parameter])] = []
    for (index, operation) in graph.operations.enumerated() where !operation.parameters.isEmpty {
      if norms.contains(index) { continue }
      func find(_ role: Parameter.Role, in index: Int) -> [Parameter] {
        graph.operations[index].parameters.filter { $0.role == role }
      }
      let kernel = find(.weight, in: index)
      guard operation.layer is Convolution || operation.layer is Dense, kernel.count == 1 else {
        throw ZooError.usage("Darknet's files cannot store \(operation.name)")
      }
      let isDense = operation.layer is Dense
      var parameters = find(.bias, in: index)
      var scales: [Parameter] = []
      if let norm = followers[index] {
        norms.insert(norm)
        parameters += find(.shift, in: norm)
        scales = [.scale, .mean, .variance].flatMap { find($0, in: norm) }
      }
      // A dense layer's norm follows its kernel.
      parameters += isDense ? kernel + scales : scales + kernel
      layers.append((operation.name, parameters))
    }
    return layers
  }
}

/// A ``DarknetWeights`` file whose numbers are named by a network.
public struct DarknetCheckpoint: TensorSource {
  struct Place: Sendable {
    let parameter: Parameter
    let offset: Int
  }

  let weights: DarknetWeights
  let places: [String: Place]
  public let tensors: [TensorInfo]
  /// The size in bytes of a file for the whole network.
  public let expected: Int
  /// The first layer that is not in the file.
  public let firstMissing: String?

  init(weights: DarknetWeights, places: [Place], expected: Int, firstMissing: String?) {
    self.weights = weights
    self.expected = expected
    self.firstMissing = firstMissing
    tensors = places.map {
      TensorInfo(name: $0.parameter.name, shape: $0.parameter.shape, type: .float32)
    }
    self.places = Dictionary(
      places.map { ($0.parameter.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  public var origin: String { weights.origin }
  public var format: String { weights.format }
  /// The size of the file in bytes.
  public var size: Int { weights.size }

  public func read(_ tensor: TensorInfo, into values: UnsafeMutableBufferPointer<Float>) throws {
    guard let place = places[tensor.name], values.count == place.parameter.shape.count else {
      throw ZooError.notFound("\(origin) has no tensor \(tensor.name) of \(tensor.shape)")
    }
    try weights.file.read(.float32, at: place.offset, into: values)
  }
}
