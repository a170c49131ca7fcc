import CZoo
import Glibc
import ZooKit

/// A dynamic library as a file that is read but not loaded.
///
/// Loading runs a library's constructors, and a truncated file kills the program with a signal. So
/// its owner, completeness and interface are checked first.
package struct PluginFile {
  /// Absolute, with links resolved.
  package let path: String
  /// The address of its registrations, before relocation.
  let address: UInt
  let count: Int

  package init(_ given: String) throws {
    guard !given.isEmpty else { throw ZooError.usage("a plugin's path is empty") }
    guard let resolved = realpath(given, nil) else {
      let code = errno
      throw ZooError.notFound(
        code == ENOENT ? "\(given) does not exist" : "cannot open \(given): \(explain(code))")
    }
    path = String(path: resolved)
    free(resolved)
    let file = try RandomAccessFile(path)
    try file.checkOwner()
    let sections = try file.sections()
    guard let interface = try file.text(of: "zoo_plugin_interface", in: sections) else {
      throw ZooError.corrupt("\(path) is not a plugin of zoo: it has no zoo_plugin_interface")
    }
    guard interface == Registry.interface else {
      throw ZooError.corrupt(
        "\(path) was built for “\(interface)”, this program needs “\(Registry.interface)”: "
          + "build it with the sources and the Swift toolchain of this program")
    }
    guard let registrations = sections.first(where: { $0.name == "zoo_plugins" }),
      registrations.size > 0,
      registrations.size.isMultiple(of: MemoryLayout<ZooRegistration>.stride)
    else {
      throw ZooError.corrupt("\(path) registers no family: it has no section zoo_plugins")
    }
    address = registrations.address
    count = registrations.size / MemoryLayout<ZooRegistration>.stride
  }
}

extension RandomAccessFile {
  /// The user who may write the file controls this program.
  fileprivate func checkOwner() throws {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw ZooError.io("cannot read \(path): \(explain(errno))")
    }
    guard status.st_uid == 0 || status.st_uid == geteuid() else {
      throw ZooError.corrupt(
        "\(path) belongs to user \(status.st_uid); a plugin must belong to root or to you")
    }
    guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
      throw ZooError.corrupt("users other than its owner may write \(path): chmod go-w it first")
    }
  }

  /// One entry of the section table.
  fileprivate struct Section {
    var name = ""
    let nameOffset: Int
    let kind: UInt32
    let address: UInt
    let offset: Int
    let size: Int
    let link: Int
  }

  /// The sections, provided that everything the headers refer to lies within the file. Field
  /// offsets are those of the ELF specification for 64 bits.
  fileprivate func sections() throws -> [Section] {
    guard size >= 64 else {
      throw ZooError.corrupt("\(path) is not a shared library: \(size) bytes")
    }
    let header = ELFRecord(try read(at: 0, count: 64))
    guard header[0, UInt32.self] == 0x464C_457F else {
      throw ZooError.corrupt("\(path) is not a shared library: it does not start like ELF")
    }
    // 64 bits, little endian, a shared object, this machine.
    guard header[4, UInt16.self] == 0x0102, header[16, UInt16.self] == 3,
      header[18, UInt16.self] == ELFRecord.machine
    else { throw ZooError.corrupt("\(path) is not a shared library for this kind of machine") }

    for segment in try table(header, at: 32, sizes: 54, record: 56) {
      _ = try extent(segment[8, UInt64.self], segment[32, UInt64.self])
    }
    var sections = try table(header, at: 40, sizes: 58, record: 64).map { section in
      let kind = section[4, UInt32.self]
      // .bss (8) has a size but no bytes.
      let bytes = try extent(section[24, UInt64.self], kind == 8 ? 0 : section[32, UInt64.self])
      return Section(
        nameOffset: Int(section[0, UInt32.self]), kind: kind,
        address: UInt(section[16, UInt64.self]), offset: bytes.lowerBound, size: bytes.count,
        link: Int(section[40, UInt32.self]))
    }
    let names = try strings(of: Int(header[62, UInt16.self]), in: sections)
    for index in sections.indices {
      sections[index].name = try text(names, at: sections[index].nameOffset)
    }
    return sections
  }

  /// The string behind an exported symbol; nil if the library exports no such symbol.
  fileprivate func text(of symbol: String, in sections: [Section]) throws -> String? {
    // The dynamic symbols, 24 bytes each.
    guard let table = sections.first(where: { $0.kind == 11 }) else { return nil }
    let names = try strings(of: table.link, in: sections)
    for start in stride(from: 0, to: table.size - 23, by: 24) {
      let record = ELFRecord(try read(at: table.offset + start, count: 24))
      let section = Int(record[6, UInt16.self])
      // 0 is a symbol of another library.
      guard section > 0, try text(names, at: Int(record[0, UInt32.self])) == symbol else {
        continue
      }
      guard section < sections.count, case let home = sections[section],
        let place = Int(exactly: record[8, UInt64.self] &- UInt64(home.address)),
        let count = Int(exactly: record[16, UInt64.self]), place <= home.size,
        count <= min(home.size - place, 4096)
      else { throw damaged("\(symbol) lies outside its section") }
      return try text(try read(at: home.offset + place, count: count), at: 0)
    }
    return nil
  }

  private func strings(of index: Int, in sections: [Section]) throws -> [UInt8] {
    guard index < sections.count, sections[index].size <= 1 << 26 else {
      throw damaged("it has no table of names")
    }
    return try read(at: sections[index].offset, count: sections[index].size)
  }

  /// Up to the terminating zero.
  private func text(_ bytes: [UInt8], at start: Int) throws -> String {
    guard start < bytes.count else { throw damaged("a name is outside its table") }
    return String(decoding: bytes[start...].prefix { $0 != 0 }, as: UTF8.self).printable
  }

  /// The records of a table, located by fields of the header.
  private func table(_ header: ELFRecord, at offset: Int, sizes: Int, record: Int) throws
    -> [ELFRecord]
  {
    let count = Int(header[sizes + 2, UInt16.self])
    guard count > 0, Int(header[sizes, UInt16.self]) == record else {
      throw damaged("its header describes no table")
    }
    let bytes = try extent(header[offset, UInt64.self], UInt64(count * record))
    let all = try read(at: bytes.lowerBound, count: bytes.count)
    return (0..<count).map { ELFRecord(Array(all[$0 * record..<($0 + 1) * record])) }
  }

  private func extent(_ offset: UInt64, _ count: UInt64) throws -> Range<Int> {
    guard let offset = Int(exactly: offset), let count = Int(exactly: count), offset <= size,
      count <= size - offset
    else { throw damaged("its headers refer to bytes beyond its end") }
    return offset..<offset + count
  }

  private func damaged(_ why: String) -> ZooError {
    .corrupt("\(path) is damaged, or was cut off at \(size) bytes: \(why)")
  }
}

/// Bytes read as little-endian fields; callers must stay in bounds.
private struct ELFRecord {
  let bytes: [UInt8]
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  subscript<Field: FixedWidthInteger>(offset: Int, type: Field.Type) -> Field {
    bytes.withUnsafeBytes {
      Field(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: type))
    }
  }

  #if arch(x86_64)
    static let machine: UInt16 = 62
  #elseif arch(arm64)
    static let machine: UInt16 = 183
  #else
    static let machine: UInt16 = 0
  #endif
}
