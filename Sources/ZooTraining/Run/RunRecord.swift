import ZooEngine
import ZooKit
import ZooStore

/// `run.json`: the inputs of a run. A run can be resumed only with the same inputs.
struct RunRecord {
  let json: JSON

  /// Members that must be equal to resume; the others describe the machine.
  private static let decisive = ["start", "data", "items", "objective", "options"]

  init(_ trainer: Trainer) {
    json = [
      "version": JSON(TrainingState.version),
      "start": JSON(trainer.weights.fingerprint), "data": JSON(trainer.source.fingerprint),
      "items": JSON(trainer.source.count),
      "objective": trainer.lesson.json,
      "options": trainer.options.json,
      "machine": ["engine": JSON(trainer.engine.name), "threads": JSON(Threads.count)],
      "about": trainer.about,
    ]
  }

  init(reading path: String) throws {
    let file = try RandomAccessFile(path)
    guard file.size < 1 << 24 else { throw ZooError.corrupt("\(path) is not a record of a run") }
    json = try JSON(parsing: file.read(at: 0, count: file.size), origin: path)
  }

  /// Throws if a decisive member has changed, and names it.
  func check(_ now: RunRecord, _ path: String) throws {
    for key in RunRecord.decisive {
      let (then, now) = (json[key], now.json[key])
      guard then?.text() != now?.text() else { continue }
      if case .object(let members) = then?.content {
        for (name, value) in members where value.text() != now?[name]?.text() {
          throw ZooError.usage(
            "\(path) began with \(name) \(value.text()), not \(now?[name]?.text() ?? "none")")
        }
      }
      let what =
        ["start": "other weights", "data": "other data"][key] ?? "another value of “\(key)”"
      throw ZooError.usage("\(path) began with \(what)")
    }
  }
}

extension Weights {
  /// The SHA-256 of all names, shapes and bytes.
  var fingerprint: String {
    var hash = SHA256()
    for (name, tensor) in self {
      hash.update("\(name) \(tensor.shape)\n".utf8)
      tensor.withValues { hash.update(UnsafeRawBufferPointer($0)) }
    }
    return hash.hexadecimal
  }
}
