import Glibc
import Synchronization
import ZooKit
import ZooStore

/// The progress of long work: a bar on a terminal, otherwise an occasional plain line.
///
/// ```swift
/// let progress = Progress("resnet18", unit: .bytes, quiet: try input[Common.quiet])
/// progress.update(done: 12_000_000, of: 46_830_571)   // from any thread, as often as you like
/// progress.finish()
/// ```
public final class Progress: Sendable {
  public enum Unit: Sendable {
    case bytes
    /// `images`, `batches`.
    case items(String)
  }

  private struct State {
    var done = 0
    var total: Int?
    var note: String?
    var started: Double
    /// The start of the rate: a resumed download did not transfer its first bytes.
    var first: Int?
    var drawn = -Double.infinity
    var isOnScreen = false
  }

  private let label: String
  private let unit: Unit
  private let terminal: Terminal
  private let quiet: Bool
  private let clock: @Sendable () -> Double
  private let write: @Sendable (String) -> Void
  private let state: Mutex<State>

  public convenience init(_ label: String, unit: Unit, quiet: Bool = false) {
    self.init(
      label, unit: unit, quiet: quiet, terminal: .error, clock: monotonicSeconds,
      write: { text in
        var text = text
        _ = text.withUTF8 { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      })
  }

  package init(
    _ label: String, unit: Unit, quiet: Bool, terminal: Terminal,
    clock: @escaping @Sendable () -> Double, write: @escaping @Sendable (String) -> Void
  ) {
    self.label = label
    self.unit = unit
    self.terminal = terminal
    self.quiet = quiet
    self.clock = clock
    self.write = write
    state = Mutex(State(started: clock(), drawn: terminal.isTerminal ? -.infinity : clock()))
  }

  /// The total is nil if unknown; a note is appended.
  public func update(done: Int, of total: Int?, note: String? = nil) {
    guard !quiet else { return }
    state.withLock { state in
      let now = clock()
      if state.first == nil {
        state.first = done
        state.started = now
      }
      state.done = done
      state.total = total
      state.note = note
      guard now - state.drawn >= (terminal.isTerminal ? 0.1 : 10) else { return }
      state.drawn = now
      draw(&state, now)
    }
  }

  /// Prints a permanent line above the bar.
  public func line(_ text: String) {
    guard !quiet else { return }
    state.withLock { state in
      write((terminal.isTerminal && state.isOnScreen ? "\r\u{1B}[K" : "") + text + "\n")
      state.drawn = terminal.isTerminal ? -.infinity : clock()
    }
  }

  /// Removes the bar before something else is printed; the next update draws it again.
  public func clear() {
    guard !quiet, terminal.isTerminal else { return }
    state.withLock { state in
      if state.isOnScreen { write("\r\u{1B}[K") }
      state.drawn = -.infinity
    }
  }

  /// Leaves the last state on the screen, on its own line.
  public func finish() {
    guard !quiet else { return }
    state.withLock { state in
      guard state.isOnScreen else { return }
      if terminal.isTerminal {
        draw(&state, clock())
        write("\n")
      }
      state.isOnScreen = false
    }
  }

  private func draw(_ state: inout State, _ now: Double) {
    state.isOnScreen = true
    let facts = facts(state, now)
    guard terminal.isTerminal else { return write("\(label): \(facts)\n") }
    var line = label.truncated(to: max(8, terminal.width / 3)) + " "
    let room = terminal.width - line.columns - facts.columns - 4
    if let total = state.total, total > 0, room >= 8 {
      line += Progress.bar(Double(state.done) / Double(total), width: min(room, 30)) + " "
    }
    write("\r\u{1B}[K" + (line + facts).truncated(to: terminal.width - 1))
  }

  /// `12.4 of 46.8 MB  27 %  8.1 MB/s  4 s left`.
  private func facts(_ state: State, _ now: Double) -> String {
    let seconds = now - state.started
    let rate = seconds > 0 ? (Double(state.done) - Double(state.first ?? 0)) / seconds : 0
    var facts = [amount(state.done, of: state.total)]
    if let total = state.total, total > 0 {
      facts.append("\(Int(100 * min(1, max(0, Double(state.done) / Double(total))))) %")
    }
    if seconds >= 1, rate > 0 {
      facts.append(perSecond(rate))
      if let total = state.total, total > state.done {
        facts.append(Progress.duration((Double(total) - Double(state.done)) / rate) + " left")
      }
    }
    if let note = state.note { facts.append(note) }
    return facts.joined(separator: "  ")
  }

  private func amount(_ done: Int, of total: Int?) -> String {
    switch unit {
    case .bytes: total.map { byteCount(done, of: $0) } ?? byteCount(done)
    case .items(let name): (total.map { "\(done) of \($0)" } ?? "\(done)") + " \(name)"
    }
  }

  private func perSecond(_ rate: Double) -> String {
    switch unit {
    case .bytes: byteCount(Int(min(rate, 1e15))) + "/s"
    case .items(let name): decimal(rate, digits: rate < 10 ? 1 : 0) + " \(name)/s"
    }
  }

  package static func bar(_ fraction: Double, width: Int) -> String {
    let full = Int((min(1, max(0, fraction)) * Double(width)).rounded())
    return String(repeating: "━", count: full) + String(repeating: "╌", count: width - full)
  }

  /// `4 s`, `3 min 20 s`, `2 h 5 min`.
  package static func duration(_ seconds: Double) -> String {
    let seconds = Int(min(max(0, seconds.rounded()), 1e9))
    switch seconds {
    case ..<60: return "\(seconds) s"
    case ..<3600: return "\(seconds / 60) min \(seconds % 60) s"
    default: return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
    }
  }
}

private func monotonicSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
