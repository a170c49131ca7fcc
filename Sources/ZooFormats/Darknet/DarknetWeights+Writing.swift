import ZooKit
import ZooStore

extension DarknetWeights {
  /// Writes a network's weights in Darknet's format; the file appears whole or not at all.
  ///
  /// - Parameters:
  ///   - weights: every parameter of the network.
  ///   - graph: the network, which decides the order; a layer that Darknet cannot store is an
  ///     error.
  ///   - path: the file to write.
  ///   - seen: the number of pictures the network was trained with.
  public static func write(
    _ weights: Weights, of graph: Graph, to path: String, seen: UInt64 = 0
  ) throws {
    let parameters = try order(of: graph).flatMap(\.parameters)
    for parameter in parameters where weights[parameter.name]?.shape != parameter.shape {
      throw ZooError.failure("\(path): there is no \(parameter.name) of \(parameter.shape)")
    }
    try Publication.write(to: path) { file in
      for number: UInt32 in [0, 2, 5] {
        try withUnsafeBytes(of: number.littleEndian) { try file.append($0) }
      }
      try withUnsafeBytes(of: seen.littleEndian) { try file.append($0) }
      for parameter in parameters {
        try weights[parameter.name]?.withValues { try file.append(UnsafeRawBufferPointer($0)) }
      }
    }
  }
}
