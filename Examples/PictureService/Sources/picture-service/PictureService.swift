@preconcurrency import Glibc  // stderr is a variable in Swift
import ModelZoo

/// Eight tasks classify pictures of random sizes that exist only in memory, as a server's requests would,
/// and the program reports its throughput and whether its memory grows.
///
///     picture-service [MODEL [PICTURES [TASKS]]]
@main enum PictureService {
  static func main() async {
    do { try await run() } catch {
      fputs("picture-service: \(error)\n", stderr)
      exit((error as? ZooError)?.kind.rawValue ?? 1)
    }
  }

  private static func run() async throws {
    let words = CommandLine.arguments
    let name = words.count > 1 ? words[1] : "resnet20.fashion"
    let count = words.count > 2 ? Int(words[2]) ?? 2000 : 2000
    let tasks = words.count > 3 ? Int(words[3]) ?? 8 : 8
    let model = try Zoo().model(name)

    // The first calls compile the network.
    _ = try await classify(with: model, 0..<8 * tasks, tasks: tasks)
    let (before, start) = (residentMegabytes(), ContinuousClock.now)
    var answers = try await classify(with: model, 0..<count / 2, tasks: tasks)
    let middle = residentMegabytes()
    answers.merge(try await classify(with: model, count / 2..<count, tasks: tasks)) { $1 }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let after = residentMegabytes()

    // The same answers as one picture after another.
    for index in stride(from: 0, to: count, by: max(1, count / 50)) {
      let alone = try model.classify(picture(index), top: 1).top[0]
      guard answers[index]?.index == alone.index else {
        throw ZooError.failure(
          "picture \(index): \(answers[index]?.name ?? "no answer"), not \(alone.name)")
      }
    }
    print(
      "\(answers.count) pictures, \(tasks) tasks, \(Threads.count) threads: "
        + "\(Int(Double(count) / seconds)) pictures/s, "
        + "\(before) MB at the start, \(middle) in the middle, \(after) at the end")
    // Allocators keep some memory back, but not in proportion to the pictures.
    guard after - before < 32 else {
      throw ZooError.failure("the memory grew by \(after - before) MB")
    }
  }

  /// Every task takes the next picture in turn. The model is shared: it is `Sendable`, and its copies keep
  /// what was compiled.
  private static func classify(with model: Model, _ pictures: Range<Int>, tasks: Int) async throws
    -> [Int: Classification.Guess]
  {
    try await withThrowingTaskGroup(of: [Int: Classification.Guess].self) { group in
      for task in 0..<tasks {
        group.addTask {
          var answers: [Int: Classification.Guess] = [:]
          for index in stride(from: pictures.lowerBound + task, to: pictures.upperBound, by: tasks)
          {
            answers[index] = try model.classify(picture(index), top: 1).top[0]
          }
          return answers
        }
      }
      return try await group.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
    }
  }

  /// A picture of 64 to 319 pixels a side, from samples in memory.
  private static func picture(_ index: Int) throws -> Picture {
    let random = Random(seed: 1).key(index)
    let (width, height) = (64 + random.below(256, 0), 64 + random.below(256, 1))
    let start = random.below(noise.count - width * height * 3, 2)
    return try Picture(
      width: width, height: height, channels: 3, pixels: noise[start..<start + width * height * 3])
  }

  /// Samples for all pictures.
  private static let noise: [UInt8] = (0..<1 << 20).map { UInt8(($0 * 7919) >> 5 & 255) }

  /// The memory of this process, as the kernel counts it.
  private static func residentMegabytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    let words = String(decoding: line.map(UInt8.init(bitPattern:)), as: UTF8.self).split(
      separator: " ")
    let pages = words.count > 1 ? Int(words[1]) ?? 0 : 0
    return (pages * Int(sysconf(Int32(_SC_PAGESIZE)))) >> 20
  }
}
