import CZoo
import Glibc

extension BLAS {
  /// The loaded library, for people who ask why it is fast or slow.
  public struct Library: Sendable {
    public let path: String
    /// The library's own description: version and build options.
    public let configuration: String
    /// The processor type whose kernels it runs.
    public let core: String
    /// The value of `OPENBLAS_CORETYPE`, if set.
    public let requestedCore: String?
    /// The reason for this choice of kernels.
    public let reason: String
  }

  static let loaded: Result<BLAS, ZooError> = Result { () throws(ZooError) in try load() }

  private static func load() throws(ZooError) -> BLAS {
    // OpenBLAS reads both variables while it loads: the kernels, and the number of threads to
    // start.
    let reason = String(cString: zoo_blas_core())
    setenv("OPENBLAS_NUM_THREADS", "1", 1)
    let needed = 48 + 128 * Threads.count
    guard zoo_has_room(needed << 20) != 0 else {
      throw .system(
        "OpenBLAS takes \(needed) MB of address space for \(Threads.count) threads; the limit (ulimit "
          + "-v) of \(zoo_room_limit() >> 20) MB does not leave them")
    }
    let names = ["libopenblas.so.0", "libopenblas.so"]
    guard let handle = names.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first else {
      throw .unavailable(
        "OpenBLAS is not installed: no \(names[0]) (Debian and Ubuntu: apt install libopenblas0)")
    }
    guard let gemm = dlsym(handle, "cblas_sgemm"), let gemv = dlsym(handle, "cblas_sgemv") else {
      throw .unavailable("\(path(of: handle)) has no cblas_sgemm: not a complete OpenBLAS")
    }
    zoo_blas_take_buffers(handle, Int32(Threads.count))
    if let setThreads = dlsym(handle, "openblas_set_num_threads") {
      unsafeBitCast(setThreads, to: (@convention(c) (Int32) -> Void).self)(1)
    }
    let library = Library(
      path: path(of: handle), configuration: text("openblas_get_config", handle),
      core: text("openblas_get_corename", handle),
      requestedCore: getenv("OPENBLAS_CORETYPE").map { String(cString: $0) }, reason: reason)
    return BLAS(
      gemm: unsafeBitCast(gemm, to: Gemm.self), gemv: unsafeBitCast(gemv, to: Gemv.self),
      library: library)
  }

  private static func path(of handle: UnsafeMutableRawPointer) -> String {
    dlsym(handle, "cblas_sgemm").flatMap { zoo_library_path($0) }.map { String(cString: $0) }
      ?? "OpenBLAS"
  }

  private static func text(_ function: String, _ handle: UnsafeMutableRawPointer) -> String {
    guard let symbol = dlsym(handle, function) else { return "unknown" }
    let call = unsafeBitCast(symbol, to: (@convention(c) () -> UnsafePointer<CChar>?).self)
    return call().map { String(cString: $0) } ?? "unknown"
  }
}
