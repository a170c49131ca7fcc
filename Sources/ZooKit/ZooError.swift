/// Everything that can go wrong, in one type.
///
/// The message is one line for the person at the terminal: it names the file, the tensor or the
/// layer, what was found and what was expected. The kind decides the exit status (`sysexits.h`).
public struct ZooError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Int32, Sendable {
    /// Our own work failed.
    case failure = 1
    /// The request itself is wrong.
    case usage = 64
    /// A file is damaged or does not fit what it is used for.
    case corrupt = 65
    /// An input does not exist; an unknown model name too.
    case notFound = 66
    /// Not on this machine and not to be had now.
    case unavailable = 69
    /// The output cannot be created.
    case cannotCreate = 73
    /// Reading or writing failed half way: a full disk, an I/O error.
    case io = 74
    /// SIGINT asked for it, and everything was saved.
    case interrupted = 130
    /// SIGTERM asked for it, and everything was saved.
    case terminated = 143
  }

  public let kind: Kind
  public let message: String

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  public var description: String { message }

  public static func failure(_ message: String) -> ZooError { .init(.failure, message) }
  public static func usage(_ message: String) -> ZooError { .init(.usage, message) }
  public static func corrupt(_ message: String) -> ZooError { .init(.corrupt, message) }
  public static func notFound(_ message: String) -> ZooError { .init(.notFound, message) }
  public static func unavailable(_ message: String) -> ZooError { .init(.unavailable, message) }
  public static func cannotCreate(_ message: String) -> ZooError { .init(.cannotCreate, message) }
  public static func io(_ message: String) -> ZooError { .init(.io, message) }
}
