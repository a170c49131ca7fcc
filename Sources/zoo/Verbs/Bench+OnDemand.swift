@preconcurrency import Glibc  // stdout is a variable in Swift
import ModelZoo

extension BenchVerb {
  /// Alternates with other contenders: introduces itself and then, for every line of standard
  /// input, runs as many batches as the line says and prints their milliseconds. `Benchmarks/` uses
  /// this protocol for every library.
  func serve(_ workload: some Workload, of model: String, on engine: some Engine) throws {
    func say(_ json: JSON) {
      print(json.text())
      fflush(stdout)
    }
    say([
      "model": JSON(model), "engine": JSON(engine.name), "threads": JSON(Threads.count),
      "arena_bytes": JSON(workload.arenaBytes),
    ])
    let clock = ContinuousClock()
    while let line = readLine() {
      guard let count = Int(line), (1...1_000_000).contains(count) else {
        throw ZooError.usage("expected a number of batches, not “\(line)”")
      }
      let times = try (0..<count).map { _ in
        try clock.measure { try workload.run() } / .milliseconds(1)
      }
      let loss = workload.loss.map { JSON($0) } ?? JSON(.null)
      say(["ms": JSON(times), "loss": loss])
    }
  }
}
