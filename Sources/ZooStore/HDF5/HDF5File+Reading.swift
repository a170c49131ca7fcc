import Glibc
import ZooKit

extension HDF5File {
  /// The numbers as float32, in the order of the shape.
  public func read(
    _ dataset: Dataset, into values: UnsafeMutableBufferPointer<Float>
  ) throws {
    try read(dataset, into: values, visiting: { _ in })
  }

  /// Also passes on the stored bytes, uncompressed and in order, piece by piece, to compute a
  /// digest of what was actually read.
  func read(
    _ dataset: Dataset, into values: UnsafeMutableBufferPointer<Float>,
    visiting visit: (UnsafeRawBufferPointer) -> Void
  ) throws {
    let type = try numberType(dataset)
    guard values.count == dataset.shape.count else {
      throw ZooError.failure(
        "\(path): \(dataset.path) has \(dataset.shape.count) numbers, room is for \(values.count)")
    }
    if type == .float32 {
      return try readBytes(dataset, into: UnsafeMutableRawBufferPointer(values), visiting: visit)
    }
    try withBytes(dataset, type, visit, { type.convert($0, into: values) })
  }

  /// The stored bytes, uncompressed, little endian.
  public func readBytes(_ dataset: Dataset) throws -> [UInt8] {
    try withBytes(dataset, numberType(dataset), { _ in }, { Array($0) })
  }

  /// The strings of a text data set, in order.
  public func strings(_ dataset: Dataset) throws -> [String] {
    try texts(dataset).map {
      guard let string = String(validating: $0, as: UTF8.self) else {
        throw ZooError.corrupt("\(path): \(dataset.path) is not UTF-8")
      }
      return string
    }
  }

  func texts(_ dataset: Dataset) throws -> [[UInt8]] {
    guard case .text(let texts) = dataset.content else {
      throw ZooError.corrupt("\(path): \(dataset.path) contains no text")
    }
    return texts
  }

  private func numberType(_ dataset: Dataset) throws -> ElementType {
    if let type = dataset.type { return type }
    var found = "unsigned numbers of an unusual size"
    if case .unreadable(let what) = dataset.content { found = what }
    if case .text = dataset.content { found = "text" }
    throw ZooError.corrupt(
      "\(path): \(dataset.path) contains \(found); expected little-endian numbers")
  }

  private func withBytes<R>(
    _ dataset: Dataset, _ type: ElementType, _ visit: (UnsafeRawBufferPointer) -> Void,
    _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R {
    let block = try HDF5Block(count: dataset.shape.count * type.size)
    try readBytes(dataset, into: block.bytes, visiting: visit)
    return try body(UnsafeRawBufferPointer(block.bytes))
  }

  private func readBytes(
    _ dataset: Dataset, into bytes: UnsafeMutableRawBufferPointer,
    visiting visit: (UnsafeRawBufferPointer) -> Void
  ) throws {
    switch dataset.content {
    case .contiguous(let offset):
      // Small enough to be in the processor's cache when it is visited.
      let piece = 1 << 20
      for start in stride(from: 0, to: bytes.count, by: piece) {
        let part = UnsafeMutableRawBufferPointer(
          rebasing: bytes[start..<min(start + piece, bytes.count)])
        try file.read(into: part, at: offset + start)
        visit(UnsafeRawBufferPointer(part))
      }
    case .chunked(let chunks):
      try read(chunks, of: dataset, into: bytes)
      visit(UnsafeRawBufferPointer(bytes))
    case .compact(let values):
      bytes.copyBytes(from: values)
      visit(UnsafeRawBufferPointer(bytes))
    case .text, .unreadable:
      throw ZooError.corrupt("\(path): \(dataset.path) contains no numbers")
    }
  }

  private func read(
    _ chunks: Chunks, of dataset: Dataset, into bytes: UnsafeMutableRawBufferPointer
  ) throws {
    let size = dataset.type?.size ?? 1
    for chunk in chunks.list {
      var block = try HDF5Block(count: chunk.size)
      try file.read(into: block.bytes, at: chunk.offset)
      guard
        try block.undo(
          chunks.filters, skipped: chunk.skipped, size: chunks.bytes, element: size)
      else {
        throw ZooError.corrupt(
          "\(path): \(dataset.path): the chunk at offset \(chunk.offset) is damaged")
      }
      HDF5File.place(
        UnsafeRawBufferPointer(block.bytes), chunk.start, chunks.sizes,
        in: bytes, dataset.shape.sizes, element: size)
    }
  }

  /// Copies a chunk to its place, row by row, without the part beyond the array's edge.
  private static func place(
    _ chunk: UnsafeRawBufferPointer, _ start: [Int], _ chunkSizes: [Int],
    in array: UnsafeMutableRawBufferPointer, _ sizes: [Int], element: Int
  ) {
    let last = sizes.count - 1
    let kept = zip(start, zip(chunkSizes, sizes)).map { min($1.0, $1.1 - $0) }
    var index = [Int](repeating: 0, count: sizes.count)
    while true {
      var from = 0
      var to = 0
      for axis in 0...last {
        from = from * chunkSizes[axis] + index[axis]
        to = to * sizes[axis] + start[axis] + index[axis]
      }
      let row = kept[last] * element
      UnsafeMutableRawBufferPointer(rebasing: array[(to * element)...].prefix(row))
        .copyMemory(from: .init(rebasing: chunk[(from * element)...].prefix(row)))
      var axis = last - 1
      while axis >= 0 {
        index[axis] += 1
        if index[axis] < kept[axis] { break }
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }
}
