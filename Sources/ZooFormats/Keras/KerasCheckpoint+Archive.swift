import Glibc
import ZooKit
import ZooStore

extension KerasCheckpoint {
  static let largestConfiguration = 8 << 20

  /// A `.keras` file: `config.json` describes the layers, `model.weights.h5` contains their
  /// variables.
  init(_ archive: ZipArchive) throws {
    let path = archive.file.path
    guard let config = archive["config.json"], let weights = archive["model.weights.h5"] else {
      throw ZooError.corrupt(
        "\(path) is a Keras archive without config.json and model.weights.h5")
    }
    let text = try archive.contents(of: config, atMost: KerasCheckpoint.largestConfiguration)
    let json = try JSON(parsing: text, origin: "\(path): config.json")
    let file = try KerasCheckpoint.extract(weights, of: archive)
    try self.init(file, origin: path, configuration: KerasConfiguration(json))
  }

  /// libhdf5 needs a named file of its own: a temporary file, which is unlinked once it is open.
  private static func extract(_ entry: ZipArchive.Entry, of archive: ZipArchive) throws -> HDF5File
  {
    let folder = getenv("TMPDIR").map { String(path: $0) } ?? "/tmp"
    let name = "\(folder)/.zoo-" + String(UInt64.random(in: .min ... .max), radix: 16)
    let descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw ZooError.cannotCreate("cannot create a temporary file in \(folder): \(explain(errno))")
    }
    defer { unlink(name) }
    do {
      try archive.pieces(of: entry) { piece in
        var written = 0
        while written < piece.count {
          let count = piece.withUnsafeBytes {
            Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, piece.count - written)
          }
          guard count > 0 || errno == EINTR else {
            throw ZooError.io("cannot write a temporary file in \(folder): \(explain(errno))")
          }
          written += max(count, 0)
        }
      }
    } catch {
      close(descriptor)
      throw error
    }
    let path = "\(archive.file.path): \(entry.name)"
    return try HDF5File(RandomAccessFile(owning: descriptor, path))
  }
}
