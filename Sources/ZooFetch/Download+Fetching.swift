import Glibc
import ZooKit
import ZooStore

extension Download {
  /// The server cannot continue at our offset, so the next attempt starts from zero.
  private struct StartOver: Error {}

  func fetch(
    _ address: Address, into part: PartFile, _ progress: (Int, Int?) -> Void
  ) throws -> Receipt {
    do {
      do {
        return try attempt(address, part, progress)
      } catch is StartOver {
        try part.clear()
        return try attempt(address, part, progress)
      }
    } catch {
      if part.size == 0 { part.remove() }
      guard error is StartOver else { throw error }
      throw ZooError.unavailable("\(url): the server answered with a range that was not requested")
    }
  }

  private func attempt(
    _ address: Address, _ part: PartFile, _ progress: (Int, Int?) -> Void
  ) throws -> Receipt {
    var digesting = Digesting(digest)
    let note = try continuable(part)
    if part.size > 0 { try part.read { digesting.update($0) } }
    let start = part.size
    if start > 0, start == size { return try finish(part, digesting) }

    var total = size
    var ending = Transfer.Ending.whole
    func take(_ bytes: UnsafeRawBufferPointer) throws {
      guard part.size + bytes.count <= total ?? Download.largest else {
        part.remove()
        throw ZooError.corrupt(
          "\(url): received more than the expected \(byteCount(total ?? Download.largest))")
      }
      try part.append(bytes)
      digesting.update(bytes)
      progress(part.size, total)
    }
    if address.scheme == .file {
      try part.clear()
      digesting = Digesting(digest)
      let file = try RandomAccessFile(address.path)
      total = try agreed(total, file.size)
      try eachPiece(of: file.descriptor, address.path, take)
    } else {
      ending = try transfer.get(
        address, range: start > 0 ? "\(start)-" : nil, ifRange: note?.validator,
        head: { response in
          switch response.status {
          case 200:
            if start > 0 {
              // The file has changed, or the server does not support ranges: this is the whole
              // file.
              try part.clear()
              digesting = Digesting(digest)
            }
            total = try agreed(total, response.length)
            part.forgetNote()
            if let validator = response.validator {
              try part.write(PartFile.Note(url: url, validator: validator))
            }
          case 206 where start > 0:
            guard let range = response.range, range.start == start else { throw StartOver() }
            total = try agreed(total, range.total)
          case 206: throw StartOver()
          case 416 where start > 0: throw StartOver()
          case let status:
            throw ZooError.unavailable("\(url): the server answered \(status)")
          }
          progress(part.size, total)
        }, body: take)
    }
    if case .cutOff(let reason) = ending {
      throw ZooError.unavailable("\(url): \(got(part, total)); \(reason)")
    }
    // libcurl cannot tell whether a chunked answer is complete.
    if let total, part.size < total {
      throw ZooError.unavailable("\(url): \(got(part, total)), then the connection ended")
    }
    return try finish(part, digesting)
  }

  /// The note of a part that can be continued; any other part is emptied.
  private func continuable(_ part: PartFile) throws -> PartFile.Note? {
    if part.size > 0, let note = part.note, note.url == url, part.size <= size ?? .max {
      return note
    }
    if part.size > 0 { try part.clear() }
    return nil
  }

  /// The size on which the catalogue and the server agree.
  private func agreed(_ expected: Int?, _ announced: Int?) throws -> Int? {
    guard let expected, let announced, expected != announced else { return expected ?? announced }
    throw ZooError.corrupt(
      "\(url): the server has \(announced) bytes; expected \(expected)")
  }

  private func got(_ part: PartFile, _ total: Int?) -> String {
    "got " + (total.map { byteCount(part.size, of: $0) } ?? byteCount(part.size))
  }

  private func finish(_ part: PartFile, _ digesting: Digesting) throws -> Receipt {
    guard digesting.found == digest.digits else {
      part.remove()
      throw ZooError.corrupt(
        "\(url): \(digest.kind) is \(digesting.found), expected \(digest.digits)")
    }
    try part.publish(as: path)
    return Receipt(
      path: path, size: part.size, sha256: digesting.full, checked: digest, wasHere: false)
  }
}
