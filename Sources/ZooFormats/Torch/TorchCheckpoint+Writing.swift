import ZooKit
import ZooStore

extension TorchCheckpoint {
  /// Writes a state dict as `torch.save` does, in the zip format. `torch.load` reads it with
  /// `weights_only=True`, and memory maps it if asked.
  ///
  /// ```swift
  /// try TorchCheckpoint.write(weights, to: "resnet18.pth")
  /// ```
  /// - Parameters:
  ///   - weights: float32 tensors, in the order of the state dict.
  ///   - path: the file, which appears whole or not at all.
  ///   - record: stored beside the state dict, where PyTorch ignores it; see ``record()``.
  public static func write(_ weights: Weights, to path: String, record: JSON? = nil) throws {
    try Publication.write(to: path) { file in
      var zip = ZipWriter(file)
      try zip.add("archive/data.pkl", PickleWriter.stateDictionary(weights))
      try zip.add("archive/byteorder", Array("little".utf8))
      for (index, weight) in weights.enumerated() {
        try weight.tensor.withValues {
          try zip.add("archive/data/\(index)", UnsafeRawBufferPointer($0))
        }
      }
      if let record { try zip.add("archive/\(recordName)", Array(record.text(pretty: true).utf8)) }
      try zip.add("archive/version", Array("3\n".utf8))
      try zip.finish()
    }
  }

  /// The entry of our record.
  static let recordName = "zoo.json"
}

/// Writes protocol 2, with the opcodes that PyTorch's restricted reader knows.
private struct PickleWriter {
  private var bytes: [UInt8] = [0x80, 2]

  /// An `OrderedDict` of float32 tensors, each in a storage of its own.
  static func stateDictionary(_ weights: Weights) -> [UInt8] {
    var writer = PickleWriter()
    writer.orderedDictionary()
    writer.code("(")
    for (index, weight) in weights.enumerated() {
      writer.text(weight.name)
      writer.tensor(weight.tensor.shape, storage: index)
    }
    writer.code("u.")
    return writer.bytes
  }

  private mutating func code(_ opcodes: StaticString) {
    opcodes.withUTF8Buffer { bytes += $0 }
  }

  private mutating func orderedDictionary() { code("ccollections\nOrderedDict\n)R") }

  private mutating func text(_ text: String) {
    code("X")
    bytes.append(little: UInt32(text.utf8.count))
    bytes += text.utf8
  }

  /// Sizes of tensors in a zip without zip64 need no more than 31 bits.
  private mutating func integer(_ value: Int) {
    code("J")
    bytes.append(little: Int32(clamping: value))
  }

  private mutating func tuple(_ integers: [Int]) {
    code("(")
    for value in integers { integer(value) }
    code("t")
  }

  /// `_rebuild_tensor_v2(storage, offset, sizes, strides, requires_grad, hooks)`
  private mutating func tensor(_ shape: Shape, storage: Int) {
    code("ctorch._utils\n_rebuild_tensor_v2\n((")
    text("storage")
    code("ctorch\nFloatStorage\n")
    text(String(storage))
    text("cpu")
    integer(shape.count)
    code("tQ")
    integer(0)
    tuple(shape.sizes)
    var (strides, step) = ([Int](), 1)
    for size in shape.sizes.reversed() {
      strides.append(step)
      step *= max(1, size)
    }
    tuple(strides.reversed())
    bytes.append(0x89)
    orderedDictionary()
    code("tR")
  }
}
