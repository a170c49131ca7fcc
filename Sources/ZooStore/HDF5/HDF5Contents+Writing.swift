import CStore
import CZoo
import ZooKit

extension HDF5Contents {
  /// Writes the file whole, or not at all.
  public func write(to path: String) throws { try write(to: path, calls: .real) }

  package func write(to path: String, calls: SystemCalls) throws {
    try HDF5File.checkRoom(of: path)
    // libhdf5 lays out the structure in memory; we write the numbers to their offsets.
    let image = try Image(contents: self, path: path)
    try Publication.write(to: path, calls: calls) { file in
      try image.forEachPage { try file.write($0, at: $1) }
      for (dataset, offset) in image.places {
        var position = offset
        try dataset.forEachPiece {
          try file.write($0, at: position)
          position += $0.count
        }
      }
      try file.setSize(image.size)
    }
  }

  /// The structure of the file, and the offsets of the numbers.
  private final class Image {
    let size: Int
    let places: [(dataset: Dataset, offset: Int)]
    private let image: OpaquePointer
    private let pageSize: Int

    init(contents: HDF5Contents, path: String) throws {
      zoo_hdf5_lock()
      defer { zoo_hdf5_unlock() }
      guard let image = zoo_hdf5_begin() else {
        throw ZooError.failure("\(path): libhdf5 cannot begin a file")
      }
      var places: [(dataset: Dataset, offset: Int)] = []
      var size: UInt64 = 0
      var pageSize = 0
      do {
        func check(_ result: Int32, _ what: String) throws {
          guard result == 0 else { throw ZooError.failure("\(path): libhdf5 refuses \(what)") }
        }
        for group in contents.groups { try check(zoo_hdf5_group(image, group), group) }
        for dataset in contents.datasets {
          var offset: UInt64 = 0
          try check(dataset.add(to: image, &offset), dataset.path)
          if dataset.isPlaced, let offset = Int(exactly: offset) {
            places.append((dataset, offset))
          }
        }
        for attribute in contents.attributes {
          try check(
            attribute.add(to: image), "the attribute \(attribute.name) of \(attribute.path)")
        }
        try check(zoo_hdf5_complete(image, &size, &pageSize), "to close the file")
      } catch {
        zoo_hdf5_end(image)
        throw error
      }
      self.image = image
      self.places = places
      self.size = Int(size)
      self.pageSize = pageSize
    }

    deinit {
      zoo_hdf5_lock()
      zoo_hdf5_end(image)
      zoo_hdf5_unlock()
    }

    func forEachPage(_ body: (UnsafeRawBufferPointer, Int) throws -> Void) rethrows {
      for index in 0..<(size + pageSize - 1) / max(pageSize, 1) {
        guard let page = zoo_hdf5_page(image, index) else { continue }
        let start = index * pageSize
        try body(.init(start: page, count: min(pageSize, size - start)), start)
      }
    }
  }
}

extension HDF5Contents.Dataset {
  fileprivate func add(to image: OpaquePointer, _ offset: inout UInt64) -> Int32 {
    let sizes = shape.sizes.map(UInt64.init)
    let rank = Int32(shape.rank)
    if case .text(let bytes) = values {
      return zoo_hdf5_dataset(
        image, path, Int32(ZOO_TEXT), bytes.count / max(1, shape.count), rank, sizes, nil, nil,
        &offset)
    }
    guard isChunked else {
      return zoo_hdf5_dataset(image, path, type.code, 0, rank, sizes, nil, nil, &offset)
    }
    return withAllBytes {
      zoo_hdf5_dataset(
        image, path, type.code, 0, rank, sizes, chunk, $0.baseAddress,
        &offset)
    }
  }

  /// About a million elements, whole along the inner axes: large enough to compress well, small
  /// enough to inflate without a memory check.
  private var chunk: [UInt64] {
    var left = 1 << 20
    return shape.rank == 0
      ? [1]
      : shape.sizes.reversed().map { size in
        let piece = max(1, min(size, left))
        left /= piece
        return UInt64(piece)
      }.reversed()
  }

  private func withAllBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    if case .tensor(let tensor) = values, type == .float32 {
      return tensor.withValues { body(.init($0)) }
    }
    var all: [UInt8] = []
    forEachPiece { all.append(contentsOf: $0) }
    return all.withUnsafeBytes(body)
  }

  /// The stored bytes, in order.
  func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    switch values {
    case .bytes(let bytes), .text(let bytes):
      try bytes.withUnsafeBytes(body)
    case .tensor(let tensor):
      try tensor.withValues { floats in
        guard type != .float32 else { return try body(.init(floats)) }
        let piece = 1 << 18
        try withUnsafeTemporaryAllocation(of: UInt16.self, capacity: piece) { words in
          for start in stride(from: 0, to: floats.count, by: piece) {
            let part = UnsafeBufferPointer(
              rebasing: floats[start..<min(start + piece, floats.count)])
            type.narrow(part, into: words)
            try body(.init(UnsafeBufferPointer(rebasing: words[..<part.count])))
          }
        }
      }
    }
  }

  /// The digest of the stored bytes.
  var sha256: String {
    var hash = SHA256()
    forEachPiece { hash.update($0) }
    return hash.hexadecimal
  }
}

extension ElementType {
  fileprivate var code: Int32 {
    let code =
      switch self {
      case .float64: ZOO_FLOAT64
      case .float32: ZOO_FLOAT32
      case .float16: ZOO_FLOAT16
      case .bfloat16: ZOO_BFLOAT16
      case .int64: ZOO_INT64
      case .int32: ZOO_INT32
      case .int16: ZOO_INT16
      case .int8: ZOO_INT8
      case .uint8: ZOO_UINT8
      case .bool: ZOO_BOOL
      }
    return Int32(code)
  }
}

extension HDF5Contents.NamedAttribute {
  fileprivate func add(to image: OpaquePointer) -> Int32 {
    switch value {
    case .text(let text): add([text], to: image, rank: 0)
    case .texts(let texts): add(texts, to: image, rank: 1)
    case .integer(let integer): add([Int64(integer)], ZOO_INT64, to: image, rank: 0)
    case .integers(let integers): add(integers.map(Int64.init), ZOO_INT64, to: image, rank: 1)
    case .number(let number): add([number], ZOO_FLOAT64, to: image, rank: 0)
    case .numbers(let numbers): add(numbers, ZOO_FLOAT64, to: image, rank: 1)
    }
  }

  private func add<T: BitwiseCopyable>(
    _ values: [T], _ type: Int, to image: OpaquePointer, rank: Int32
  ) -> Int32 {
    zoo_hdf5_attribute(image, path, name, Int32(type), 0, rank, UInt64(values.count), values)
  }

  /// Strings padded to the longest one's length, as in numpy.
  private func add(_ texts: [String], to image: OpaquePointer, rank: Int32) -> Int32 {
    let size = max(1, texts.map(\.utf8.count).max() ?? 1)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size * texts.count)
    for text in texts {
      bytes += text.utf8
      bytes += repeatElement(0, count: size - text.utf8.count)
    }
    return zoo_hdf5_attribute(
      image, path, name, Int32(ZOO_TEXT), size, rank, UInt64(texts.count), bytes)
  }
}
