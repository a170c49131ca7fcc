import ZooKit
import ZooStore

extension RandomAccessFile {
  /// Reads consecutive numbers as float32.
  func read(
    _ type: ElementType, at offset: Int, into values: UnsafeMutableBufferPointer<Float>
  ) throws {
    if type == .float32 { return try read(into: .init(values), at: offset) }
    // In pieces, so that a whole tensor's bytes and numbers are not in memory together.
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
