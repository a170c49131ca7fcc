import ZooKit
import ZooStore

extension SafeTensors {
  /// Writes float32 tensors in order; the file appears whole or not at all.
  ///
  /// ```swift
  /// try SafeTensors.write(weights, to: "resnet18.safetensors")
  /// ```
  /// The metadata `format: pt` tells other libraries that the layout is PyTorch's. The members of
  /// the record are metadata too, each as text: `json.loads(metadata["classes"])` in Python.
  public static func write(_ weights: Weights, to path: String, record: JSON? = nil) throws {
    var metadata: [(key: String, value: JSON)] = [("format", "pt")]
    if case .object(let fields)? = record?.content {
      metadata += fields.map { ($0.key, JSON($0.value.string ?? $0.value.text())) }
    }
    var members: [(key: String, value: JSON)] = [("__metadata__", JSON(.object(metadata)))]
    var end = 0
    for (name, tensor) in weights {
      let start = end
      end += tensor.count * 4
      let entry: JSON = [
        "dtype": "F32", "shape": JSON(tensor.shape.sizes), "data_offsets": JSON([start, end]),
      ]
      members.append((name, entry))
    }
    var header = Array(JSON(.object(members)).text().utf8)
    // Data on an eight-byte boundary can be mapped; the format pads the header with spaces.
    header += Array(repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    let length = UInt64(header.count).littleEndian
    try Publication.write(to: path) { file in
      try withUnsafeBytes(of: length) { try file.append($0) }
      try file.append(header)
      for (_, tensor) in weights {
        try tensor.withValues { try file.append(UnsafeRawBufferPointer($0)) }
      }
    }
  }
}
