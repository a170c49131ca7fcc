import ZooKit

/// Reads one pickle with a fixed table of opcodes (protocols 2 to 5, and those textual ones that
/// could introduce a global). No opcode calls, imports or loads anything.
struct PickleReader {
  static let mostOperations = 1_000_000
  static let mostMemos = 100_000
  static let mostStacked = 100_000
  static let deepest = 64

  private var stream: PickleStream
  private var pickle = Pickle()
  private var stack: [Pickle.Value] = []
  /// The heights of the stack at the marks.
  private var marks: [Int] = []
  private var memo: [Int: Pickle.Value] = [:]
  private var interned: [String: Int] = [:]
  private var moved = 0

  /// Reads one pickle and leaves the stream after its end.
  static func read(from stream: inout PickleStream) throws -> Pickle {
    var reader = PickleReader(stream: stream)
    try reader.run()
    stream = reader.stream
    return reader.pickle
  }

  private init(stream: PickleStream) { self.stream = stream }

  private mutating func run() throws {
    for _ in 0..<PickleReader.mostOperations {
      let opcode = try stream.byte()
      if opcode == UInt8(ascii: ".") {
        pickle.result = try pop()
        return
      }
      try execute(opcode)
      guard stack.count <= PickleReader.mostStacked else {
        throw stream.error("the pickle stacks more than \(PickleReader.mostStacked) values")
      }
    }
    throw stream.error("the pickle has more than \(PickleReader.mostOperations) operations")
  }

  private mutating func execute(_ opcode: UInt8) throws {
    switch opcode {
    case 0x80:
      let version = try stream.byte()
      guard version <= 5 else { throw stream.error("pickle protocol \(version) is unknown") }
    case 0x95: _ = try stream.length(8)

    // Plain values
    case UInt8(ascii: "N"): push(.none)
    case 0x88: push(.bool(true))
    case 0x89: push(.bool(false))
    case UInt8(ascii: "K"): push(.integer(try stream.number(1) ?? 0))
    case UInt8(ascii: "M"): push(.integer(try stream.number(2) ?? 0))
    case UInt8(ascii: "J"):
      push(.integer(Int(Int32(truncatingIfNeeded: try stream.number(4) ?? 0))))
    case UInt8(ascii: "I"), UInt8(ascii: "L"): try textualInteger()
    case 0x8A: try longInteger(try stream.length(1))
    case 0x8B: try longInteger(try stream.length(4))
    case UInt8(ascii: "G"):
      var bits: UInt64 = 0
      for _ in 0..<8 { bits = bits << 8 | UInt64(try stream.byte()) }
      push(.float(Double(bitPattern: bits)))
    case UInt8(ascii: "F"): push(.float(Double(try stream.line()) ?? .nan))
    case UInt8(ascii: "U"), 0x8C: try string(lengthOf: 1)
    case UInt8(ascii: "X"), UInt8(ascii: "T"): try string(lengthOf: 4)
    case 0x8D: try string(lengthOf: 8)
    case UInt8(ascii: "V"): push(.string(intern(try stream.line())))
    case UInt8(ascii: "S"):
      push(.string(intern(String(try stream.line().dropFirst().dropLast()))))
    case UInt8(ascii: "C"): try bytes(lengthOf: 1)
    case UInt8(ascii: "B"): try bytes(lengthOf: 4)
    case 0x8E, 0x96: try bytes(lengthOf: 8)

    // Collections
    case UInt8(ascii: ")"): try add(.tuple, [])
    case 0x85: try add(.tuple, try pop(1))
    case 0x86: try add(.tuple, try pop(2))
    case 0x87: try add(.tuple, try pop(3))
    case UInt8(ascii: "t"): try add(.tuple, try popToMark())
    case UInt8(ascii: "]"): try add(.list, [])
    case UInt8(ascii: "l"): try add(.list, try popToMark())
    case UInt8(ascii: "a"): try extend(with: try pop(1), [.list])
    case UInt8(ascii: "e"): try extend(with: try popToMark(), [.list])
    case UInt8(ascii: "}"): try add(.dictionary, [])
    case UInt8(ascii: "d"): try add(.dictionary, try pairs(try popToMark()))
    case UInt8(ascii: "s"): try extend(with: try pop(2), [.dictionary])
    case UInt8(ascii: "u"): try extend(with: try pairs(try popToMark()), [.dictionary])
    case 0x8F: try add(.set, [])
    case 0x90: try extend(with: try popToMark(), [.set])
    case 0x91: try add(.set, try popToMark())

    // The stack and the memo
    case UInt8(ascii: "("):
      guard marks.count < PickleReader.deepest else { throw tooDeep }
      marks.append(stack.count)
    case UInt8(ascii: "0"):
      if marks.last == stack.count { marks.removeLast() } else { _ = try pop() }
    case UInt8(ascii: "1"): _ = try popToMark()
    case UInt8(ascii: "2"): push(try top())
    case UInt8(ascii: "q"): try remember(Int(try stream.byte()))
    case UInt8(ascii: "r"): try remember(try stream.number(4))
    case UInt8(ascii: "p"): try remember(Int(try stream.line()))
    case 0x94: try remember(memo.count)
    case UInt8(ascii: "h"): try recall(Int(try stream.byte()))
    case UInt8(ascii: "j"): try recall(try stream.number(4))
    case UInt8(ascii: "g"): try recall(Int(try stream.line()))

    // Globals and calls
    case UInt8(ascii: "c"): try pushGlobal(try stream.line(), try stream.line())
    case 0x93:
      let names = try pop(2)
      guard let module = pickle.string(names[0]), let name = pickle.string(names[1]) else {
        throw stream.error("a global of the pickle has no name")
      }
      try pushGlobal(module, name)
    case UInt8(ascii: "i"):
      let arguments = try popToMark()
      try pushGlobal(try stream.line(), try stream.line())
      try call(try pop(), arguments)
    case UInt8(ascii: "o"):
      let items = try popToMark()
      guard let callee = items.first else { throw stream.error("an object without a class") }
      try call(callee, Array(items.dropFirst()))
    case UInt8(ascii: "R"), 0x81:
      let items = try pop(2)
      try call(items[0], of: items[1])
    case 0x92:
      let items = try pop(3)
      try call(items[0], of: items[1])
    case UInt8(ascii: "b"):
      // The state of an object: attributes, never tensors of a state dict.
      _ = try pop()
      _ = try top()
    case UInt8(ascii: "Q"): try add(.persistent, try pop(1))
    default:
      throw stream.error("the pickle operation 0x\(String(opcode, radix: 16)) is not supported")
    }
  }

  // MARK: The stack

  private mutating func push(_ value: Pickle.Value) { stack.append(value) }

  private var floor: Int { marks.last ?? 0 }
  private var tooDeep: ZooError {
    stream.error("the pickle nests more than \(PickleReader.deepest) levels deep")
  }

  private func top() throws -> Pickle.Value {
    guard stack.count > floor, let last = stack.last else {
      throw stream.error("the pickle pops a value that it did not push")
    }
    return last
  }

  private mutating func pop() throws -> Pickle.Value {
    let value = try top()
    stack.removeLast()
    return value
  }

  private mutating func pop(_ count: Int) throws -> [Pickle.Value] {
    guard stack.count - floor >= count else {
      throw stream.error("the pickle pops a value that it did not push")
    }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private mutating func popToMark() throws -> [Pickle.Value] {
    guard let mark = marks.popLast() else {
      throw stream.error("the pickle pops a mark that it did not set")
    }
    defer { stack.removeLast(stack.count - mark) }
    return Array(stack[mark...])
  }

  // MARK: Values

  private mutating func intern(_ text: String) -> Int {
    if let index = interned[text] { return index }
    pickle.strings.append(text)
    interned[text] = pickle.strings.count - 1
    return pickle.strings.count - 1
  }

  private mutating func string(lengthOf bytes: Int) throws {
    push(.string(intern(try stream.text(try stream.length(bytes)))))
  }

  private mutating func bytes(lengthOf bytes: Int) throws {
    stream.skip(try stream.length(bytes))
    push(.opaque)
  }

  private mutating func textualInteger() throws {
    let line = try stream.line()
    switch line {
    case "00": push(.bool(false))
    case "01": push(.bool(true))
    default:
      let digits = line.hasSuffix("L") ? line.dropLast() : line[...]
      push(Int(digits).map { .integer($0) } ?? .opaque)
    }
  }

  /// Two's complement of any length; a number that does not fit an `Int` cannot be a size of a
  /// tensor.
  private mutating func longInteger(_ count: Int) throws {
    guard 1...8 ~= count else {
      stream.skip(count)
      return push(count == 0 ? .integer(0) : .opaque)
    }
    var bits: UInt64 = 0
    for shift in 0..<count { bits |= UInt64(try stream.byte()) << UInt64(8 * shift) }
    let unused = UInt64(64 - 8 * count)
    push(.integer(Int(Int64(bitPattern: bits << unused) >> Int64(unused))))
  }

  private func pairs(_ items: [Pickle.Value]) throws -> [Pickle.Value] {
    guard items.count.isMultiple(of: 2) else {
      throw stream.error("a dictionary of the pickle has a key without a value")
    }
    return items
  }

  /// A memoised collection may be passed to many calls, so every item that an operation copies
  /// counts towards the limit.
  private mutating func pay(for items: [Pickle.Value]) throws {
    moved += items.count
    guard moved <= 2 * PickleReader.mostOperations else {
      throw stream.error("the pickle copies more than \(2 * PickleReader.mostOperations) items")
    }
  }

  private mutating func depth(over items: [Pickle.Value]) throws -> UInt8 {
    try pay(for: items)
    let below = items.reduce(0) { max($0, pickle.node($1).map { Int($0.depth) } ?? 0) }
    guard below < PickleReader.deepest else { throw tooDeep }
    return UInt8(below + 1)
  }

  private mutating func add(_ kind: Pickle.Kind, _ items: [Pickle.Value]) throws {
    pickle.nodes.append(.init(kind: kind, depth: try depth(over: items), items: items))
    push(.node(pickle.nodes.count - 1))
  }

  /// Appends to the collection on top of the stack; items for an inert object are dropped.
  private mutating func extend(with items: [Pickle.Value], _ kinds: [Pickle.Kind]) throws {
    guard case .node(let index) = try top() else {
      throw stream.error("the pickle adds items to a value that is not a collection")
    }
    let kind = pickle.nodes[index].kind
    guard kinds.contains(kind) else {
      guard kind == .call else {
        throw stream.error("the pickle adds items to a value that is not a collection")
      }
      return
    }
    pickle.nodes[index].depth = max(pickle.nodes[index].depth, try depth(over: items))
    pickle.nodes[index].items += items
  }

  private mutating func remember(_ key: Int?) throws {
    guard let key, memo.count < PickleReader.mostMemos else {
      throw stream.error("the pickle memoises more than \(PickleReader.mostMemos) values")
    }
    memo[key] = try top()
  }

  private mutating func recall(_ key: Int?) throws {
    guard let key, let value = memo[key] else {
      throw stream.error("the pickle reads a memo that it did not write")
    }
    push(value)
  }

  // MARK: Names

  private mutating func pushGlobal(_ module: String, _ name: String) throws {
    guard module.isProperName, name.isProperName else {
      throw stream.error("a global of the pickle has an invalid name")
    }
    guard !DangerousGlobals.contains(module: module, name: name) else {
      throw ZooError.corrupt(
        "\(stream.file.path): refuses to run \(module).\(name), which the pickle asks for")
    }
    push(.global(intern("\(module).\(name)")))
  }

  private mutating func call(_ callee: Pickle.Value, _ arguments: [Pickle.Value]) throws {
    try add(.tuple, arguments)
    try call(callee, of: try pop())
  }

  /// Dictionaries of the standard library become dictionaries; any other call is only recorded.
  private mutating func call(_ callee: Pickle.Value, of arguments: Pickle.Value) throws {
    guard let tuple = pickle.node(arguments), tuple.kind == .tuple else {
      throw stream.error("a call without a tuple of arguments")
    }
    if let name = pickle.global(callee), PickleReader.dictionaries.contains(name) {
      let source = tuple.items.last ?? .none
      try pay(for: pickle.node(source)?.items ?? [])
      return try add(.dictionary, dictionaryItems(source))
    }
    try add(.call, [callee, arguments])
  }

  private static let dictionaries: Set<String> = [
    "collections.OrderedDict", "collections.defaultdict", "builtins.dict", "__builtin__.dict",
  ]

  /// The items of another dictionary or of a list of pairs.
  private func dictionaryItems(_ value: Pickle.Value) -> [Pickle.Value] {
    guard let node = pickle.node(value) else { return [] }
    guard node.kind == .list else { return node.kind == .dictionary ? node.items : [] }
    return node.items.flatMap { pair in
      let pair = pickle.node(pair)?.items ?? []
      return pair.count == 2 ? pair : []
    }
  }
}

/// Globals that only an attack puts into a checkpoint. Nothing is ever called here, so the list
/// protects nothing; it tells the user what the file would have done elsewhere.
enum DangerousGlobals {
  static func contains(module: String, name: String) -> Bool {
    let root = module.prefix { $0 != "." }
    if modules.contains(String(root)) { return true }
    // `STACK_GLOBAL` resolves dotted names: `torch` and `serialization.os.system`.
    let parts = name.split(separator: ".").map(String.init)
    if parts.count > 1, parts.contains(where: modules.contains) { return true }
    if module == "torch.hub" || module == "torch.serialization" && name == "load" { return true }
    guard root == "builtins" || root == "__builtin__" else { return false }
    return parts.contains(where: functions.contains)
  }

  private static let modules: Set<String> = [
    "os", "posix", "nt", "ntpath", "posixpath", "subprocess", "_posixsubprocess", "commands",
    "sys", "importlib", "runpy", "shutil", "socket", "pty", "ctypes", "_ctypes", "cffi", "code",
    "codeop", "pickle", "_pickle", "cPickle", "marshal", "operator", "_operator", "webbrowser",
    "urllib", "http", "requests", "ftplib", "smtplib", "multiprocessing", "asyncio", "signal",
    "timeit", "pdb", "bdb", "cProfile", "profile", "trace", "pydoc", "doctest", "imp", "pip",
    "zipimport",
  ]

  private static let functions: Set<String> = [
    "eval", "exec", "execfile", "compile", "open", "file", "input", "raw_input", "__import__",
    "getattr", "setattr", "delattr", "globals", "locals", "vars", "breakpoint", "apply", "map",
    "filter", "reload", "exit", "quit", "help",
  ]
}
