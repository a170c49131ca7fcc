import Glibc

/// The terminal, if any, behind standard output or standard error.
public struct Terminal: Sendable {
  public let isTerminal: Bool
  /// The number of columns; 80 if unknown.
  public let width: Int
  /// Whether to use bold and dim: on a capable terminal, unless `NO_COLOR` is set.
  public let isStyled: Bool

  public init(isTerminal: Bool, width: Int = 80, isStyled: Bool = false) {
    self.isTerminal = isTerminal
    self.width = min(max(width, 20), 1000)
    self.isStyled = isStyled
  }

  public init(descriptor: Int32) {
    let isTerminal = isatty(descriptor) == 1
    var size = winsize()
    let known = isTerminal && ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    let columns = variable("COLUMNS").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    self.init(
      isTerminal: isTerminal, width: known ? Int(size.ws_col) : columns ?? 80,
      isStyled: isTerminal && variable("NO_COLOR") == nil && variable("TERM") != "dumb")
  }

  public static let output = Terminal(descriptor: STDOUT_FILENO)
  public static let error = Terminal(descriptor: STDERR_FILENO)

  public func bold(_ text: String) -> String { isStyled ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
  public func dim(_ text: String) -> String { isStyled ? "\u{1B}[2m\(text)\u{1B}[0m" : text }
}

/// An environment variable; an empty one counts as unset, as `NO_COLOR` requires.
private func variable(_ name: String) -> String? {
  guard let value = getenv(name), value.pointee != 0 else { return nil }
  return String(cString: value)
}
