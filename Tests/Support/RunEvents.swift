import Foundation

/// The steps and values of an event file, without what differs from run to run: the time of each
/// record, and the items per second.
public func stepsOfEvents(_ file: Data) -> [[String]] {
  var records: [[String]] = []
  var rest = Array(file)[...]
  while rest.count >= 16 {
    let length = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= rest.count - 16 else { break }
    records.append(
      fields(rest.dropFirst(12).prefix(length)).compactMap { number, bytes in
        switch number {
        case 1: nil
        case 5:
          fields(bytes).map { value in "\(Array(value.bytes))" }
            .filter { !$0.contains("\(Array("items_per_s".utf8))".dropFirst().dropLast()) }.joined()
        default: "\(number): \(Array(bytes))"
        }
      })
    rest = rest.dropFirst(16 + length)
  }
  return records + [["\(rest.count) bytes more"]]
}

/// The fields of a message in protocol buffers.
private func fields(_ message: ArraySlice<UInt8>) -> [(number: Int, bytes: ArraySlice<UInt8>)] {
  var (rest, found) = (message, [(number: Int, bytes: ArraySlice<UInt8>)]())
  func varint() -> Int {
    var (value, shift) = (0, 0)
    while let byte = rest.popFirst() {
      value |= Int(byte & 127) << shift
      shift += 7
      if byte < 128 { break }
    }
    return value
  }
  while !rest.isEmpty {
    let key = varint()
    let start = rest
    let length =
      switch key & 7 {
      case 0:
        {
          _ = varint(); return start.count - rest.count
        }()
      case 1: 8
      case 2: varint()
      default: 4
      }
    if key & 7 != 0 {
      found.append((key >> 3, rest.prefix(length)))
      rest = rest.dropFirst(length)
    } else {
      found.append((key >> 3, start.prefix(length)))
    }
  }
  return found
}

/// All files of two folders that are not the same, by name. Event files need the same steps and values.
public func differences(_ one: String, _ other: String) throws -> [String] {
  func files(_ path: String) throws -> Set<String> {
    Set(try FileManager.default.subpathsOfDirectory(atPath: path))
  }
  let (a, b) = (try files(one), try files(other))
  return a.symmetricDifference(b).sorted()
    + a.intersection(b).sorted().filter { name in
      let pair = [one, other].map { FileManager.default.contents(atPath: "\($0)/\(name)") }
      if name.contains("tfevents") {
        return stepsOfEvents(pair[0] ?? Data()) != stepsOfEvents(pair[1] ?? Data())
      }
      return pair[0] != pair[1]
    }
}
