import ModelZoo
import ZooArguments

/// The actions of `zoo cache`.
enum CacheAction: String, CaseIterable, ArgumentValue { case path, list, prune }

struct CacheVerb: Verb {
  let name = "cache"
  let summary = "show or prune the cache of downloaded weights"
  let discussion = """
    The cache is $ZOO_HOME, else $XDG_CACHE_HOME/zoo, else ~/.cache/zoo. Without options, prune \
    removes only the remains of interrupted downloads.
    """
  let examples: KeyValuePairs = [
    "zoo cache prune --unused 90": "remove weights not used for 90 days"
  ]
  let action = Positional<CacheAction>("ACTION", help: "what to do")
  let unused = Option<Int?>(
    "--unused", value: "DAYS", in: 0...36_500, help: "also remove weights not used for DAYS days")
  let everything = Flag("--all", help: "remove everything that was downloaded")
  var arguments: [any Argument] { [action, unused, everything] }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    let cache = try zoo.cache ?? Cache()
    let isJSON = try input.wantsJSON
    switch try input[action] {
    case .path:
      isJSON ? emit(["path": JSON(cache.root)]) : print(cache.root.printable)
    case .list:
      let entries = try cache.list()
      show(entries, isJSON)
      if entries.isEmpty { try input.remark("\(cache.root) is empty") }
    case .prune:
      let days = try input[unused]
      let gone = try cache.prune(
        input[everything] ? .everything : days.map { .unused(days: $0) } ?? .leftovers)
      show(gone, isJSON)
      try input.remark("\(byteCount(gone.reduce(0) { $0 + $1.size })) freed")
    }
  }

  private func show(_ entries: [Cache.Entry], _ isJSON: Bool) {
    if isJSON {
      return emit(
        JSON(
          entries.map { entry -> JSON in
            [
              "name": JSON(entry.name), "kind": JSON(entry.kind.rawValue),
              "path": JSON(entry.path), "size": JSON(entry.size), "lastUse": JSON(entry.lastUse),
            ]
          }))
    }
    guard !entries.isEmpty else { return }
    var table = Table("name", "kind", .right("size"))
    for entry in entries { table.add(entry.name, entry.kind.rawValue, byteCount(entry.size)) }
    print(table.text())
  }
}
