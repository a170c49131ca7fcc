import Glibc
import Synchronization

/// A request to finish the current step, save and return.
///
/// ```swift
/// trainer.interruption = Interruption(signals: [SIGINT, SIGTERM])
/// let report = try trainer.run(in: "run")
/// if let signal = report.interruption { exit(128 + signal) }
/// ```
public final class Interruption: Sendable {
  private let requested = Atomic<Int32>(0)
  private let watched: [Int32]

  /// - Parameter signals: signals in this process that trigger the request. A second signal of the
  ///   same kind ends the process at once, as by default.
  public init(signals: [Int32] = []) {
    watched = signals
    for signal in signals where signal > 0 && signal < 64 {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { number in
        arrived.bitwiseOr(1 << UInt64(number), ordering: .relaxed)
      }
      // Interrupted calls are restarted; a second signal has the default action again.
      action.sa_flags = SA_RESTART | Int32(bitPattern: UInt32(SA_RESETHAND))
      arrived.bitwiseAnd(~(1 << UInt64(signal)), ordering: .relaxed)
      sigaction(signal, &action, nil)
      // A parent may have blocked the signal; Dispatch's threads, for example, block all.
      var set = sigset_t()
      sigemptyset(&set)
      sigaddset(&set, signal)
      pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }
  }

  /// Requests interruption without a signal; ``request`` then returns the number.
  public func request(_ number: Int32 = SIGTERM) {
    requested.store(number, ordering: .relaxed)
  }

  /// The signal that triggered the request; nil if there is none.
  public var request: Int32? {
    let number = requested.load(ordering: .relaxed)
    if number != 0 { return number }
    let bits = arrived.load(ordering: .relaxed)
    return watched.first { $0 > 0 && $0 < 64 && bits & 1 << UInt64($0) != 0 }
  }
}

/// The received signals, one bit each, because a handler may do little else.
private let arrived = Atomic<UInt64>(0)
