import CKernels
import ZooKit

/// The measured peak performance of this process's threads on this machine, as reference for the
/// stages of a profile.
public struct Peak: Sendable {
  /// Float32 multiplications and additions per second, in registers.
  public let flops: Double
  /// Bytes per second read from memory.
  public let bandwidth: Double

  /// Takes about a fifth of a second; the best of several attempts.
  public static func measured() throws -> Peak {
    let threads = Threads.count
    let rounds: UInt64 = 2_000_000
    let memory = try Block(zeros: 64 << 20)
    let share = memory.count / threads
    let sums = try Block(threads)
    let operations = zoo_peak_arithmetic(1, sums.base) * rounds * UInt64(threads)
    // Safe to share: the loops read shared memory, and write one element each.
    nonisolated(unsafe) let (values, results) = (memory.base, sums.base)
    var (flops, bandwidth) = (0.0, 0.0)
    for _ in 0..<3 {
      let arithmetic = ContinuousClock().measure {
        Threads.split(threads, cost: 1 << 30) { range in
          for thread in range { _ = zoo_peak_arithmetic(rounds, results + thread) }
        }
      }
      let reading = ContinuousClock().measure {
        Threads.split(threads, cost: 1 << 30) { range in
          for thread in range { results[thread] = zoo_peak_reading(values + thread * share, share) }
        }
      }
      flops = max(flops, Double(operations) / (arithmetic / .seconds(1)))
      bandwidth = max(bandwidth, Double(threads * share * 4) / (reading / .seconds(1)))
    }
    return Peak(flops: flops, bandwidth: bandwidth)
  }
}
