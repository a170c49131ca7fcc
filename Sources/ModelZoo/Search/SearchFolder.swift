import Glibc
import ZooKit
import ZooStore
import ZooTraining

/// The folder of a search's trials.
struct SearchFolder {
  let path: String
  private let lock: FolderLock
  var record: String { "\(path)/search.json" }
  var table: String { "\(path)/trials.csv" }
  var best: String { "\(path)/best.h5" }

  init(_ path: String, resuming: Bool) throws {
    self.path = path
    if mkdir(path, 0o777) != 0, errno != EEXIST {
      throw ZooError.cannot(.cannotCreate, "create \(path)", errno)
    }
    lock = try FolderLock(path, "searching")
    let isThere = access("\(path)/search.json", F_OK) == 0
    guard resuming || !isThere else {
      throw ZooError.usage("\(path) already holds a search; resume it or choose another folder")
    }
    guard !resuming || isThere else { throw ZooError.notFound("there is no search in \(path)") }
  }

  func trial(_ number: Int) -> String {
    let digits = String(number + 1)
    return "\(path)/trial-" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
  }

  /// Removes the checkpoints of a trial that is not the best; its logs stay.
  func thin(_ number: Int) {
    for name in ["best.h5", "last.h5"] { unlink("\(trial(number))/\(name)") }
  }

  /// Publishes the best trial's checkpoint.
  func publish(_ number: Int) throws {
    let file = try RandomAccessFile("\(trial(number))/best.h5")
    try Publication.write(to: best) { target in
      let piece = 1 << 20
      for offset in stride(from: 0, to: file.size, by: piece) {
        try target.append(try file.read(at: offset, count: min(piece, file.size - offset)))
      }
    }
  }
}

/// The finished trials, written to disk immediately.
struct SearchLog {
  private(set) var ended: [Trial] = []
  private let folder: SearchFolder
  private let space: SearchSpace
  private let goal: Goal
  private let head: [(key: String, value: JSON)]

  init(_ search: Search, _ folder: SearchFolder, resuming: Bool) throws {
    self.folder = folder
    space = search.space
    goal = search.goal
    head = [
      ("version", 1), ("model", JSON(search.model.name)), ("data", JSON(search.data.name)),
      ("space", search.space.json), ("search", JSON(search.searcher.rawValue)),
      ("pruning", JSON(search.pruning.rawValue)), ("options", search.options.json),
    ]
    guard resuming else {
      try write()
      return
    }
    let file = try RandomAccessFile(folder.record)
    guard file.size < 1 << 26 else {
      throw ZooError.corrupt("\(folder.record) is not the record of a search")
    }
    let json = try JSON(parsing: file.read(at: 0, count: file.size), origin: folder.record)
    var fields = try Fields(json, of: "the search", in: folder.record)
    for (key, now) in head {
      let then = try fields.json(key)
      guard then.text() == now.text() else {
        throw ZooError.usage(
          "\(folder.record) was started with \(key) \(then.text()), not \(now.text())")
      }
    }
    ended = try fields.list("trials").enumerated().map { number, trial in
      try Trial(trial, number, space, in: folder.record)
    }
    try fields.finish()
  }

  /// The best so far, the first on ties.
  var best: Trial? {
    ended.reduce(nil) { best, trial in
      guard let value = trial.value else { return best }
      return goal.isBetter(value, than: best?.value) ? trial : best
    }
  }

  mutating func add(_ trial: Trial) throws {
    let before = best
    ended.append(trial)
    if best?.number == trial.number {
      try folder.publish(trial.number)
      if let before { folder.thin(before.number) }
    } else {
      folder.thin(trial.number)
    }
    try write()
  }

  private func write() throws {
    let json = JSON(.object(head + [("trials", JSON(ended.map(\.json)))]))
    try Publication.write(to: folder.record) {
      try $0.append((json.text(pretty: true) + "\n").utf8)
    }
    let titles = ["trial", "end", "epoch", "value"] + space.dimensions.map(\.name)
    let rows = ended.map { trial in
      [
        "\(trial.number + 1)", trial.end.word, trial.epoch.map { "\($0)" } ?? "",
        trial.value.map { "\($0)" } ?? "",
      ] + trial.values.map { $0.string ?? $0.text() }
    }
    let text = ([titles] + rows).map { $0.joined(separator: ",") + "\n" }.joined()
    try Publication.write(to: folder.table) { try $0.append(text.utf8) }
  }
}

extension Trial.End {
  /// For tables.
  public var word: String {
    switch self {
    case .done: "done"
    case .pruned: "pruned"
    case .failed: "failed"
    }
  }
}

extension Trial {
  public var json: JSON {
    var members: [(key: String, value: JSON)] = [
      ("values", JSON(values)), ("end", JSON(end.word)), ("course", JSON(course)),
    ]
    if case .failed(let reason) = end { members.append(("reason", JSON(reason))) }
    if let value { members.append(("value", JSON(value))) }
    if let epoch { members.append(("epoch", JSON(epoch))) }
    return JSON(.object(members))
  }

  fileprivate init(_ json: JSON, _ number: Int, _ space: SearchSpace, in origin: String) throws {
    var fields = try Fields(json, of: "trial \(number + 1)", in: origin)
    self.number = number
    values = try fields.list("values")
    guard values.count == space.dimensions.count else {
      throw fields.error("trial \(number + 1) has \(values.count) values")
    }
    let word = try fields.string("end")
    let reason = try fields.optional("reason") { fields, key in try fields.string(key) }
    switch word {
    case "done": end = .done
    case "pruned": end = .pruned
    case "failed": end = .failed(reason ?? "")
    default: throw fields.error("a trial has the unknown end “\(word)”")
    }
    course = try fields.numbers("course")
    value = try fields.optional("value") { fields, key in try fields.number(key) }
    epoch = try fields.optional("epoch") { fields, key in try fields.integer(key) }
    try fields.finish()
  }
}
