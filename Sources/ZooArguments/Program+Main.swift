import CZoo
@preconcurrency import Glibc  // stdout and stderr are variables in Swift
import ZooKit
import ZooStore

extension Program {
  /// The words of this process's command line. Paths keep their bytes.
  public static var words: [String] {
    (0..<Int(CommandLine.argc)).compactMap { CommandLine.unsafeArgv[$0].map { String(path: $0) } }
  }

  /// Runs the command line and returns the exit status. Results go to standard output; an error is
  /// one line on standard error.
  ///
  /// - Parameter arguments: including the program's own name, like ``words``.
  public func main(_ arguments: [String]) -> Int32 {
    // A reader may close the pipe early, as in `zoo list | head`. Writes then fail with EPIPE
    // instead of ending the process, and `finish` does not report it.
    signal(SIGPIPE, SIG_IGN)
    endOnSignals()
    zoo_room_save()
    var status: Int32 = 0
    do {
      guard zoo_has_room(0) != 0 else {
        throw ZooError.system(
          "the limit on address space (ulimit -v) of \(zoo_room_limit() >> 20) MB is too low")
      }
      try perform(try request(Array(arguments.dropFirst())))
    } catch {
      status = report(error)
    }
    return finish(status)
  }

  /// A signal ends the program with its status, also before a training has its own handlers and
  /// saves its state.
  private func endOnSignals() {
    for number in [SIGINT, SIGTERM] {
      var before = sigaction()
      sigaction(number, nil, &before)
      // A shell lets its background jobs ignore SIGINT.
      let isIgnored = unsafeBitCast(before.__sigaction_handler.sa_handler, to: Int.self) == 1
      if isIgnored { continue }
      signal(number) { _exit(128 + $0) }
      // A parent may have blocked it; Dispatch's threads, for example, block all.
      var set = sigset_t()
      sigemptyset(&set)
      sigaddset(&set, number)
      pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }
  }

  private func perform(_ request: Request) throws {
    switch request {
    case .help: print(help(for: .output), terminator: "")
    case .manual: print(manual(date: Program.manualDate), terminator: "")
    case .verbHelp(let verb): print(help(of: verb, for: .output), terminator: "")
    case .version: print("\(name) \(version)")
    case .run(let verb, let input):
      do {
        try verb.run(input)
      } catch {
        throw pointingToHelp(error, verb)
      }
    }
  }

  private func report(_ error: any Error) -> Int32 {
    let known = error as? ZooError
    warn(known?.message ?? "\(error)")
    return (known?.kind ?? .failure).rawValue
  }

  /// One line on standard error.
  public func warn(_ message: String) {
    fputs("\(name): \(message.line)\n", stderr)
  }

  /// Flushes standard output; a full disk is noticed here at the latest.
  private func finish(_ status: Int32) -> Int32 {
    let flushed = fflush(stdout) == 0
    let code = errno
    if flushed && ferror(stdout) == 0 || readerIsGone { return status }
    let reason = flushed ? "" : ": \(String(cString: strerror(code)))"
    warn("cannot write standard output\(reason)")
    return status == 0 ? ZooError.Kind.io.rawValue : status
  }

  private var readerIsGone: Bool {
    var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
    return poll(&output, 1, 0) == 1 && output.revents & Int16(POLLERR) != 0
  }
}
