import ZooKit

extension WeightStore {
  /// Writes a checkpoint, whole or not at all.
  ///
  /// - Parameters:
  ///   - path: the file to write.
  ///   - meta: the record, printed as JSON into `/meta`.
  ///   - weights: by full dotted name, in the order in which they are listed.
  ///   - storage: `.float32`, or `.float16` or `.bfloat16` for half the size.
  ///   - compressed: gzip and shuffle, for small files for distribution; an uncompressed file loads
  ///     faster.
  ///   - golden: an input and the expected outputs.
  ///   - arrays: others that the record needs, by their paths in the file.
  public static func write(
    to path: String, meta: JSON, weights: [(name: String, tensor: Tensor)],
    storage: ElementType = .float32, compressed: Bool = false, golden: Golden? = nil,
    arrays: [(path: String, tensor: Tensor)] = []
  ) throws {
    var contents = try contents(
      meta: meta, weights: weights, storage: storage, compressed: compressed, golden: golden)
    for array in arrays { try contents.add(array.path, array.tensor) }
    contents.addDigests()
    try contents.write(to: path)
  }

  /// The contents of the file without digests, for checkpoints with more arrays.
  package static func contents(
    meta: JSON, weights: [(name: String, tensor: Tensor)], storage: ElementType = .float32,
    compressed: Bool = false, golden: Golden? = nil
  ) throws -> HDF5Contents {
    var contents = HDF5Contents()
    try contents.add("/meta", text: meta.text(pretty: true))
    contents.addGroup("/weights")
    for (name, tensor) in weights {
      guard !name.contains("/") else {
        throw ZooError.failure("“\(name)” cannot be the name of a tensor: it has a slash")
      }
      try contents.add("/weights/\(name)", tensor, as: storage, compressed: compressed)
    }
    if let golden { try contents.add(golden) }
    return contents
  }
}

extension HDF5Contents {
  fileprivate mutating func add(_ golden: Golden) throws {
    addGroup("/golden")
    switch golden.input {
    case .tensor(let tensor): try add("/golden/input", tensor)
    case .seed(let seed, let shape):
      set("seed", .integer(seed), on: "/golden")
      set("shape", .integers(shape.sizes), on: "/golden")
    }
    try add("/golden/output", golden.output)
    set("tolerance", .number(golden.tolerance), on: "/golden")
  }

  /// Adds to every array the SHA-256 of its uncompressed bytes.
  package mutating func addDigests() {
    for dataset in datasets { set("sha256", .text(dataset.sha256), on: dataset.path) }
  }
}
