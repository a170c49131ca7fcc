import ZooKit

/// The content of a pickle as inert data: a table of nodes that values refer to by index.
///
/// Python executes a pickle; here it is only read. A global is its name, and a call is a node that
/// records the callee and the arguments. Nodes are in one flat table, so neither reading nor
/// freeing recurses, however deep a hostile file nests.
struct Pickle {
  enum Value: Hashable {
    case none
    case bool(Bool)
    case integer(Int)
    case float(Double)
    /// Index into `strings`.
    case string(Int)
    /// Index into `strings`: the module and the name, `torch._utils._rebuild_tensor_v2`.
    case global(Int)
    case node(Int)
    /// Bytes and big integers, which never describe a tensor.
    case opaque
  }

  enum Kind: UInt8 {
    case tuple, list, set
    /// Alternating keys and values.
    case dictionary
    /// A recorded call: the callee and the arguments.
    case call
    /// The tuple that identifies an object outside of the pickle, here a storage.
    case persistent
  }

  struct Node {
    var kind: Kind
    var depth: UInt8
    var items: [Value]
  }

  var nodes: [Node] = []
  var strings: [String] = []
  var result = Value.none
}

extension Pickle {
  func node(_ value: Value) -> Node? {
    if case .node(let index) = value { nodes[index] } else { nil }
  }

  func string(_ value: Value) -> String? {
    if case .string(let index) = value { strings[index] } else { nil }
  }

  func global(_ value: Value) -> String? {
    if case .global(let index) = value { strings[index] } else { nil }
  }

  func integer(_ value: Value) -> Int? {
    if case .integer(let integer) = value { integer } else { nil }
  }

  /// The items of a tuple, a list or a `torch.Size`.
  func items(_ value: Value) -> [Value]? {
    guard let node = node(value) else { return nil }
    switch node.kind {
    case .tuple, .list: return node.items
    case .call where global(node.items[0]) == "torch.Size":
      return self.node(node.items[1])?.items.first.flatMap { self.node($0)?.items }
    default: return nil
    }
  }

  func integers(_ value: Value) -> [Int]? {
    guard let items = items(value) else { return nil }
    let integers = items.compactMap(integer)
    return integers.count == items.count ? integers : nil
  }

  /// Callee and arguments, if the value is a call of a global.
  func call(_ value: Value) -> (callee: String, arguments: [Value])? {
    guard let node = node(value), node.kind == .call, let callee = global(node.items[0]) else {
      return nil
    }
    return (callee, self.node(node.items[1])?.items ?? [])
  }

  func dictionary(_ value: Value) -> [(key: Value, value: Value)]? {
    guard let node = node(value), node.kind == .dictionary else { return nil }
    return stride(from: 0, to: node.items.count - 1, by: 2).map {
      (node.items[$0], node.items[$0 + 1])
    }
  }

  func value(_ key: String, of dictionary: Value) -> Value? {
    self.dictionary(dictionary)?.last { string($0.key) == key }?.value
  }
}
