import Glibc
import ZooFetch
import ZooKit
import ZooStore

extension Zoo {
  /// The result of ``pull(_:progress:waiting:)``.
  public struct Pulled: Sendable {
    public let record: Catalog.Record
    public let path: String
    /// Whether it was already on this machine.
    public let wasHere: Bool
    /// The published digest that was checked; nil if nothing was downloaded.
    public let checked: Digest?
  }

  /// Downloads a record's official file, checks its digest and converts it to a checkpoint in the
  /// cache. Nothing else in the program opens a connection.
  public func pull(
    _ record: Catalog.Record,
    progress: (_ done: Int, _ total: Int?) -> Void = { _, _ in }, waiting: () -> Void = {}
  ) throws -> Pulled {
    if let path = installed(record) {
      return Pulled(record: record, path: path, wasHere: true, checked: nil)
    }
    guard let source = record.source else {
      throw ZooError.unavailable(
        "\(record.name) ships with the program, but its file is missing")
    }
    let cache = try cache ?? Cache()
    var checked: Digest?
    let path = try cache.checkpoint(record.name, from: source.digest, waiting: waiting) { path in
      let file = source.url.split(separator: "/").last.map(String.init) ?? record.name
      let download = Download(
        from: source.url, to: try cache.download(file, source.digest), digest: source.digest,
        size: source.size)
      let receipt: Download.Receipt
      do {
        receipt = try download.run(progress: progress, waiting: waiting)
      } catch let error as ZooError where error.kind == .notFound {
        // The catalogue named this file, not the user.
        throw ZooError.unavailable(
          "the weights of \(record.name) cannot be downloaded: \(error.message)")
      }
      checked = receipt.checked
      try fit(receipt.path, as: record.variant).write(to: path)
      // The checkpoint contains all of its numbers.
      unlink(receipt.path)
    }
    return Pulled(record: record, path: path, wasHere: checked == nil, checked: checked)
  }

  /// Moves an imported official file to where its name finds it.
  public func install(_ fitting: Fitting, _ record: Catalog.Record) throws -> String {
    guard let source = record.source else { throw ZooError.failure("\(record.name) is included") }
    return try (cache ?? Cache()).checkpoint(record.name, from: source.digest) { path in
      try fitting.write(to: path)
    }
  }
}
