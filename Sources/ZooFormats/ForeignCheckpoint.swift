import ZooKit
import ZooStore

/// Opens checkpoints of any format, which is recognised by content, not by file name.
public enum ForeignCheckpoint {
  /// Opens PyTorch (zip and plain pickle), safetensors, Keras and Darknet files, and our own stores.
  ///
  /// ```swift
  /// let source = try ForeignCheckpoint.open("resnet18-f37072fd.pth")
  /// let weights = try LoadPlan(from: source, into: graph).execute()
  /// ```
  public static func open(_ path: String) throws -> any TensorSource {
    do { return try open(RandomAccessFile(path)) } catch let error as ZooError {
      throw error.inOneLine
    }
  }

  /// Whether a file begins as HDF5 does, like our own checkpoints and Keras'.
  public static func isHDF5(_ path: String) -> Bool {
    guard let file = try? RandomAccessFile(path), file.size >= hdf5.count else { return false }
    return (try? file.read(at: 0, count: hdf5.count)) == hdf5
  }

  private static let hdf5: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

  private static func open(_ file: RandomAccessFile) throws -> any TensorSource {
    let path = file.path
    let start = try file.read(at: 0, count: min(16, file.size))
    if start.starts(with: [0x50, 0x4B]) { return try open(ZipArchive(file)) }
    if start.first == 0x80, start.dropFirst(2).starts(with: TorchCheckpoint.magic.prefix(4)) {
      return try TorchCheckpoint(plain: file)
    }
    if start.starts(with: hdf5) {
      let contents = try HDF5File(file)
      return WeightStore.recognizes(contents)
        ? try WeightStore(contents)
        : try KerasCheckpoint(contents, origin: path, configuration: nil)
    }
    if SafeTensors.sniffs(file) { return try SafeTensors(file) }
    // Tried last, because the format has no magic number.
    if DarknetWeights.sniffs(file) { return try DarknetWeights(file) }
    throw ZooError.corrupt("\(path) is not a known checkpoint format: \(guess(start))")
  }

  private static func open(_ archive: ZipArchive) throws -> any TensorSource {
    if archive.entries.contains(where: { $0.name.hasSuffix("/data.pkl") }) {
      return try TorchCheckpoint(archive)
    }
    if archive["config.json"] != nil { return try KerasCheckpoint(archive) }
    throw ZooError.corrupt(
      "\(archive.file.path) is a zip, but neither PyTorch's (data.pkl) nor Keras' (config.json)")
  }

  /// Describes what the file is instead.
  private static func guess(_ start: [UInt8]) -> String {
    known(start) ?? "PyTorch, safetensors, Keras HDF5, Keras zip and Darknet were tried"
  }

  /// Describes a file that is certainly something else, by its first bytes.
  static func known(_ start: [UInt8]) -> String? {
    if start.isEmpty { return "it is empty" }
    if start.starts(with: [0xFF, 0xD8, 0xFF]) { return "it is a JPEG picture" }
    if start.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return "it is a PNG picture" }
    if start.starts(with: Array("GIF8".utf8)) { return "it is a GIF picture" }
    if start.starts(with: Array("%PDF".utf8)) { return "it is a PDF document" }
    if start.starts(with: hdf5) { return "it is HDF5" }
    if start.starts(with: [0x50, 0x4B]) { return "it is a zip archive" }
    if start.first == 0x80 {
      return "a pickle, but not one of torch.save"
    }
    if start.starts(with: [0x1F, 0x8B]) { return "it is compressed with gzip" }
    if start.first == UInt8(ascii: "<") { return "it looks like a web page" }
    if start.first == UInt8(ascii: "{") { return "it looks like JSON" }
    return nil
  }
}
