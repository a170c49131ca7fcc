import CZlib
import ZooKit
import ZooStore
import ZooVision

/// The files of MNIST and its family: `train-images-idx3-ubyte`, `t10k-labels-idx1-ubyte.gz`.
///
/// An IDX file is a type, a rank, the sizes as 32-bit big-endian numbers, and the bytes.
struct IDXReader {
  let path: String

  init(_ path: String) { self.path = path }

  static func isImageFile(_ name: String) -> Bool {
    plain(name).hasSuffix("-images-idx3-ubyte")
  }

  /// The name without `.gz`; some copies have a dot before `idx`.
  private static func plain(_ name: String) -> String {
    let name = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    guard let dot = name.lastIndex(of: "."), name[dot...].hasPrefix(".idx") else { return name }
    return name[..<dot] + "-" + name[dot...].dropFirst()
  }

  static let fashion = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
  ]

  func dataset() throws -> Dataset {
    guard let folder = try Folder(path) else { throw ZooError.notFound("\(path) does not exist") }
    var parts: [(split: String, archive: Archive, labels: [UInt8], size: Window.Size)] = []
    for file in folder.files where IDXReader.isImageFile(file) {
      let prefix = IDXReader.plain(file).dropLast("-images-idx3-ubyte".count)
      let split = ["train": "train", "t10k": "test", "test": "test"][prefix] ?? String(prefix)
      // If a file exists packed and unpacked, one is a copy of the other.
      guard !parts.contains(where: { $0.split == split }) else { continue }
      let wanted = "\(prefix)-labels-idx1-ubyte"
      guard let other = folder.files.first(where: { IDXReader.plain($0) == wanted }) else {
        throw ZooError.notFound("\(folder.path(wanted)) does not exist, although \(file) does")
      }
      let images = try IDX(folder.path(file), rank: 3)
      let labels = try IDX(folder.path(other), rank: 1)
      guard images.sizes[0] == labels.sizes[0] else {
        throw ZooError.corrupt(
          "\(folder.path(other)) has \(labels.sizes[0]) labels for \(images.sizes[0]) pictures")
      }
      parts.append(
        (
          split, Archive(path: folder.path(file), bytes: images.bytes), labels.bytes,
          Window.Size(images.sizes[1], images.sizes[2])
        ))
    }
    let highest = Int(parts.flatMap(\.labels).max() ?? 0)
    var classes = try folder.files.contains("classes.txt") ? lines(of: "\(path)/classes.txt") : []
    var warnings: [String] = []
    if classes.isEmpty, highest == 9, path.lowercased().contains("fashion") {
      classes = IDXReader.fashion
      warnings = ["the folder is called fashion: its classes have Fashion-MNIST's names"]
    }
    if classes.isEmpty { classes = (0...highest).map(String.init) }
    guard highest < classes.count else {
      throw ZooError.corrupt(
        "\(path): a label is \(highest), and classes.txt names \(classes.count) classes")
    }
    let splits = parts.map { part in
      let area = part.size.width * part.size.height
      return Split(
        name: part.split,
        items: part.labels.enumerated().map { index, label in
          Item(
            name: "\(part.split)/\(index)",
            source: .raw(
              part.archive, offset: index * area, size: part.size, channels: 1, isPlanar: false),
            annotation: .label(Int(label)))
        })
    }
    return try Dataset(
      path, .idx, .classification, classes: classes, splits: splits, warnings: warnings)
  }
}

/// An array of bytes in IDX format, unpacked if it is a gzip file.
struct IDX {
  let sizes: [Int]
  let bytes: [UInt8]

  /// More than any such set has, and less than a machine's memory.
  static let mostBytes = 1 << 31

  init(_ path: String, rank: Int) throws {
    let file = try RandomAccessFile(path)
    let headerSize = 4 + 4 * rank
    let reader = try GzipReader(file)
    let header = try reader.read(headerSize)
    guard header.count == headerSize, header[0] == 0, header[1] == 0 else {
      throw ZooError.corrupt("\(path) is not an IDX file")
    }
    guard header[2] == 8, Int(header[3]) == rank else {
      throw ZooError.corrupt(
        "\(path) has type \(header[2]) and rank \(header[3]); expected bytes (8) of rank \(rank)"
      )
    }
    var sizes: [Int] = []
    var count = 1
    for axis in 0..<rank {
      let size = header[4 + 4 * axis..<8 + 4 * axis].reduce(0) { $0 << 8 | Int($1) }
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard size > 0, !overflow, product <= IDX.mostBytes else {
        throw ZooError.corrupt("\(path) states an impossible size of \(size)")
      }
      sizes.append(size)
      count = product
    }
    // Deflate compresses at most 1032 to 1.
    let possible =
      reader.isPacked
      ? file.size.multipliedReportingOverflow(by: 1032).partialValue
      : file.size - headerSize
    guard count <= possible else {
      throw ZooError.corrupt(
        "\(path) is truncated: expected \(Shape(sizes)) bytes, it has \(byteCount(file.size))")
    }
    bytes = try reader.read(count)
    guard bytes.count == count else {
      throw ZooError.corrupt(
        "\(path) is truncated: \(bytes.count) of \(count) bytes are present")
    }
    guard try reader.read(1).isEmpty else {
      throw ZooError.corrupt("\(path) is longer than its \(count) bytes")
    }
    self.sizes = sizes
  }
}

/// Reads a file from the start, and unpacks it if it is gzip.
final class GzipReader {
  let isPacked: Bool
  private let file: RandomAccessFile
  private let stream: UnsafeMutablePointer<z_stream>
  private var position = 0
  private var input: [UInt8] = []
  private var hasEnded = false

  init(_ file: RandomAccessFile) throws {
    self.file = file
    isPacked = try file.read(at: 0, count: min(file.size, 2)) == [0x1F, 0x8B]
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 15 bits of window, plus 16 for gzip.
    if isPacked,
      inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) != Z_OK
    {
      throw ZooError.system("\(file.path): not enough memory to unpack it")
    }
  }

  deinit {
    if isPacked { inflateEnd(stream) }
    stream.deallocate()
  }

  /// `count` bytes, or fewer at the end of the file.
  func read(_ count: Int) throws -> [UInt8] {
    guard isPacked else {
      let bytes = try file.read(at: position, count: min(count, file.size - position))
      position += bytes.count
      return bytes
    }
    var output = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count, !hasEnded {
      if input.isEmpty {
        input = try file.read(at: position, count: min(1 << 16, file.size - position))
        position += input.count
        guard !input.isEmpty else { break }
      }
      let result: Int32 = input.withUnsafeMutableBufferPointer { input in
        output.withUnsafeMutableBufferPointer { output in
          stream.pointee.next_in = input.baseAddress
          stream.pointee.avail_in = UInt32(input.count)
          stream.pointee.next_out = output.baseAddress.map { $0 + filled }
          stream.pointee.avail_out = UInt32(clamping: count - filled)
          return inflate(stream, Z_NO_FLUSH)
        }
      }
      let room = min(count - filled, Int(UInt32.max))
      filled += room - Int(stream.pointee.avail_out)
      input.removeFirst(input.count - Int(stream.pointee.avail_in))
      if result == Z_STREAM_END {
        hasEnded = true
      } else if result != Z_OK && result != Z_BUF_ERROR {
        throw ZooError.corrupt("\(file.path) is damaged: it cannot be unpacked")
      }
    }
    if filled < count { output.removeLast(count - filled) }
    return output
  }
}
