import CYAML
import ZooKit
import ZooStore

/// A YAML value with its line number: scalars, lists and maps, with anchors resolved. A repeated
/// key is an error.
struct YAML {
  enum Content {
    /// Without quotes and escapes.
    case scalar(String)
    case list([YAML])
    case map([(key: String, value: YAML)])
    case null
  }

  let content: Content
  let line: Int
  /// The number of values in it, including itself.
  fileprivate let size: Int

  /// The value under a key of a map; nil if there is none. Keys merged by `<<` come last.
  subscript(key: String) -> YAML? {
    guard case .map(let members) = content else { return nil }
    if let value = members.first(where: { $0.key == key })?.value {
      return value.isNull ? nil : value
    }
    return key == "<<" ? nil : self["<<"]?[key]
  }

  var isNull: Bool { if case .null = content { true } else { false } }
  var scalar: String? { if case .scalar(let text) = content { text } else { nil } }
  /// A scalar, or the scalars of a list.
  var scalars: [String] {
    if case .list(let items) = content {
      items.compactMap(\.scalar)
    } else {
      [scalar].compactMap(\.self)
    }
  }
}

extension YAML {
  private static let mostBytes = 1 << 20

  /// Reads the first document of a file.
  init(contentsOf path: String) throws {
    let file = try RandomAccessFile(path)
    guard file.size <= YAML.mostBytes else {
      throw ZooError.corrupt("\(path) is larger than \(byteCount(YAML.mostBytes))")
    }
    try self.init(parsing: file.read(at: 0, count: file.size), origin: path)
  }

  init(parsing bytes: [UInt8], origin: String) throws {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw ZooError.corrupt("\(origin) is not UTF-8")
    }
    self = try bytes.withUnsafeBytes { bytes in
      guard let text = zoo_yaml_open(bytes.baseAddress, bytes.count) else {
        guard zoo_yaml_is_here() == 0 else {
          throw ZooError.system("\(origin): not enough memory to read it")
        }
        throw ZooError.unavailable(
          "\(origin) cannot be read: libyaml is not installed, no libyaml-0.so.2 (Debian and "
            + "Ubuntu: apt install libyaml-0-2)")
      }
      defer { zoo_yaml_free(text) }
      var parser = YAMLParser(text: text, origin: origin)
      return try parser.document()
    }
  }
}

private struct YAMLParser {
  let text: OpaquePointer
  let origin: String
  private var anchors: [String: YAML] = [:]
  private var depth = 0

  private static let mostDepth = 64
  /// An alias counts as everything it stands for, because a few lines of aliases to aliases can
  /// stand for more than fits any machine.
  private static let mostValues = 1 << 18

  init(text: OpaquePointer, origin: String) { (self.text, self.origin) = (text, origin) }

  private func error(_ problem: String, _ line: Int) -> ZooError {
    .corrupt("\(origin), line \(line): \(problem)")
  }

  private func next() throws -> ZooYAMLEvent {
    let event = zoo_yaml_next(text)
    guard event.kind != zoo_yaml_damaged else {
      throw error(String(cString: event.text).printable, event.line)
    }
    return event
  }

  mutating func document() throws -> YAML {
    guard try next().kind == zoo_yaml_document else {
      return YAML(content: .null, line: 1, size: 1)
    }
    let root = try value(next())
    guard root.isNull || root.isMap else { throw error("expected “key: value”", root.line) }
    _ = try next()
    return root
  }

  private mutating func value(_ event: ZooYAMLEvent) throws -> YAML {
    let line = event.line
    let anchor = event.anchor.map { String(cString: $0) }
    let value: YAML
    switch event.kind {
    case zoo_yaml_alias:
      guard let named = anchor.flatMap({ anchors[$0] }) else {
        throw error("*\((anchor ?? "").printable) is the name of nothing before it", line)
      }
      return named
    case zoo_yaml_scalar:
      let bytes = UnsafeRawBufferPointer(start: event.text, count: event.count)
      let word = String(decoding: bytes, as: UTF8.self)
      let isNull = event.is_plain != 0 && ["", "~", "null", "Null", "NULL"].contains(word)
      value = YAML(content: isNull ? .null : .scalar(word), line: line, size: 1)
    default:
      guard depth < YAMLParser.mostDepth else {
        throw error("nested more than \(YAMLParser.mostDepth) levels deep", line)
      }
      depth += 1
      defer { depth -= 1 }
      value = try event.kind == zoo_yaml_list ? list(line) : map(line)
    }
    if let anchor { anchors[anchor] = value }
    return value
  }

  private mutating func list(_ line: Int) throws -> YAML {
    var (items, size) = ([YAML](), 1)
    while true {
      let event = try next()
      guard event.kind != zoo_yaml_close else { break }
      let item = try value(event)
      try grow(&size, by: item)
      items.append(item)
    }
    return YAML(content: .list(items), line: line, size: size)
  }

  private mutating func map(_ line: Int) throws -> YAML {
    var (members, size) = ([(key: String, value: YAML)](), 1)
    var keys: Set<String> = []
    while true {
      let event = try next()
      guard event.kind != zoo_yaml_close else { break }
      let key = try value(event)
      guard let name = key.scalar else { throw error("a key is a word or a number", key.line) }
      guard keys.insert(name).inserted else {
        throw error("the key “\(name.printable)” occurs twice", key.line)
      }
      let value = try value(next())
      try grow(&size, by: value)
      members.append((name, value))
    }
    return YAML(content: .map(members), line: line, size: size)
  }

  private func grow(_ size: inout Int, by value: YAML) throws {
    size += value.size
    guard size <= YAMLParser.mostValues else {
      throw error("its aliases stand for more than \(YAMLParser.mostValues) values", value.line)
    }
  }
}

extension YAML {
  fileprivate var isMap: Bool { if case .map = content { true } else { false } }

  /// The classes: a list, or a map with keys from 0.
  func names(_ path: String) throws -> [String] {
    func error(_ problem: String, _ line: Int) -> ZooError {
      .corrupt("\(path), line \(line): \(problem)")
    }
    func word(_ value: YAML) throws -> String {
      guard let name = value.scalar else {
        throw error("expected a name", value.line)
      }
      return name
    }
    switch content {
    case .list(let items): return try items.map(word)
    case .map(let members):
      var names = Array(repeating: nil as String?, count: members.count)
      for (key, value) in members {
        guard let index = Int(key), names.indices.contains(index), names[index] == nil else {
          throw error(
            "names are numbered from 0 to \(names.count - 1), not “\(key.printable)”", value.line)
        }
        names[index] = try word(value)
      }
      return names.compactMap(\.self)
    default: throw error("names are a list, or a map from 0 on", line)
    }
  }
}
