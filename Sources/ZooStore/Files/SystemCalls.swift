import Glibc

/// The system calls for writing a file. A negative result is an error whose number is in `errno`.
/// Tests replace them with failures.
package struct SystemCalls: Sendable {
  package var open: @Sendable (_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32
  package var pwrite: @Sendable (_ file: Int32, _ bytes: UnsafeRawBufferPointer, _ at: Int) -> Int
  package var truncate: @Sendable (_ file: Int32, _ size: Int) -> Int32
  package var sync: @Sendable (_ file: Int32) -> Int32
  package var close: @Sendable (_ file: Int32) -> Int32
  package var rename: @Sendable (_ old: String, _ new: String) -> Int32
  package var unlink: @Sendable (_ path: String) -> Int32

  package static let real = SystemCalls(
    open: { ZooStore.open($0, $1, $2) },
    pwrite: { Glibc.pwrite($0, $1.baseAddress, $1.count, off_t($2)) },
    truncate: { ftruncate($0, off_t($1)) },
    sync: { fsync($0) },
    close: { Glibc.close($0) },
    rename: { ZooStore.rename($0, $1) },
    unlink: { ZooStore.unlink($0) })
}
