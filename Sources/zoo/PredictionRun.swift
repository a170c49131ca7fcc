import ModelZoo
import Synchronization
import ZooArguments

/// Predicts many pictures: some are read and prepared while others are computed, and the answers come in
/// the order of the pictures.
final class PredictionRun: Sendable {
  struct Answer: Sendable {
    let image: String
    /// The prediction, and the picture if it is needed for a drawing.
    let result: Result<(prediction: any Prediction, picture: Picture?), any Error>
  }

  private let predictor: any Predictor
  private let pictures: [String]
  private let load: Load
  private let pixelLimit: Int
  private let keepsPictures: Bool
  private let progress: Progress?
  private let isStopped = Atomic(false)

  /// - Parameters:
  ///   - predictor: made for this load.
  ///   - keepsPictures: whether answers carry their pictures.
  ///   - progress: of the tiles of a large picture.
  init(
    _ predictor: any Predictor, _ pictures: [String], _ load: Load, pixelLimit: Int,
    keepsPictures: Bool, progress: Progress?
  ) {
    self.predictor = predictor
    self.pictures = pictures
    self.load = load
    self.pixelLimit = pixelLimit
    self.keepsPictures = keepsPictures
    self.progress = progress
  }

  /// Passes on every answer and how many there are so far. If the body returns false, the rest of its
  /// batch follows, which is computed already, and no more.
  func forEach(_ body: (_ done: Int, Answer) throws -> Bool) throws {
    let count = (pictures.count + load.batch - 1) / load.batch
    // Two more than can be computed at once read and prepare.
    let threads = load.callers == 1 ? 1 : load.callers + 2
    let batches = ReadAhead(0..<count, ahead: threads + 1, threads: threads) { [self] index in
      let start = index * load.batch
      return answers(pictures[start..<min(start + load.batch, pictures.count)])
    }
    // The process must not end while a batch is being computed.
    defer {
      isStopped.store(true, ordering: .relaxed)
      while (try? batches.next()) != nil {}
    }
    var done = 0
    while let answers = try batches.next() {
      var goesOn = true
      for answer in answers {
        done += 1
        goesOn = try body(done, answer)
      }
      guard goesOn else { return }
    }
  }

  private func answers(_ names: ArraySlice<String>) -> [Answer] {
    guard !isStopped.load(ordering: .relaxed) else { return [] }
    let read = names.map { name in
      Result {
        let picture = try Picture(contentsOf: name, pixelLimit: pixelLimit)
        return (prepared: try predictor.prepare(picture), picture: keepsPictures ? picture : nil)
      }
    }
    let ready = read.compactMap { try? $0.get().prepared }
    var predictions = predictions(ready)[...]
    return zip(names, read).map { name, read in
      Answer(
        image: name,
        result: Result {
          let picture = try read.get().picture
          guard let next = predictions.popFirst() else {
            throw ZooError.failure("\(name): no answer")
          }
          return (try next.get(), picture)
        })
    }
  }

  /// One by one if the batch fails, so that one picture does not spoil the others.
  private func predictions(_ ready: [PreparedPicture]) -> [Result<any Prediction, any Error>] {
    guard !ready.isEmpty else { return [] }
    do {
      return try predictor.predict(ready) { progress?.update(done: $0, of: $1) }
        .map { .success($0) }
    } catch {
      return ready.count == 1
        ? [.failure(error)] : ready.flatMap { predictions([$0]) }
    }
  }
}
