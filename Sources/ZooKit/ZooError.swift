/// Every error, in one type.
///
/// The message is one line for the user: it names the file, tensor or layer, the value found and
/// the value expected. The kind decides the exit status (`sysexits.h`).
public struct ZooError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Int32, Sendable {
    /// An internal failure.
    case failure = 1
    /// The request is wrong.
    case usage = 64
    /// A file is damaged, or does not fit its use.
    case corrupt = 65
    /// An input does not exist, or a model name is unknown.
    case notFound = 66
    /// Not on this machine, and cannot be fetched now.
    case unavailable = 69
    /// The system gives too little: memory, address space, processes.
    case system = 71
    /// The output cannot be created.
    case cannotCreate = 73
    /// Reading or writing failed midway: a full disk, an I/O error.
    case io = 74
    /// Interrupted by SIGINT, after everything was saved.
    case interrupted = 130
    /// Terminated by SIGTERM, after everything was saved.
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
  public static func system(_ message: String) -> ZooError { .init(.system, message) }
  public static func cannotCreate(_ message: String) -> ZooError { .init(.cannotCreate, message) }
  public static func io(_ message: String) -> ZooError { .init(.io, message) }
}
