import ZooKit

extension RandomAccessFile {
  /// Numbers that lie one after the other in the file, as float32.
  func read(
    _ type: ElementType, at offset: Int, into values: UnsafeMutableBufferPointer<Float>
  ) throws {
    if type == .float32 { return try read(into: .init(values), at: offset) }
    // In pieces: the bytes of a whole tensor need not be in memory beside its numbers.
    var done = 0
    while done < values.count {
      let count = min(values.count - done, 1 << 18)
      let bytes = try read(at: offset + done * type.size, count: count * type.size)
      bytes.withUnsafeBytes { bytes in
        type.convert(bytes, into: .init(rebasing: values[done..<done + count]))
      }
      done += count
    }
  }
}
