import COneDNN
import CZoo
import ZooKit

/// The oneDNN library, which is loaded on first use.
public enum OneDNN {
  /// The loaded library, for people who ask why it is fast or slow.
  public struct Library: Sendable {
    public let path: String
    public let version: String
    /// The widest instruction set of its kernels.
    public let instructions: String
    /// Whether it has kernels for this processor, rather than only generic ones.
    public let isFast: Bool
    /// Whether it uses AVX-512 kernels.
    public let hasAVX512: Bool
    /// Whether the processor has bfloat16 instructions.
    public let hasBFloat16: Bool
  }

  /// The library, or why it cannot be used.
  public static let library: Result<Library, ZooError> = Result { () throws(ZooError) in
    guard zoo_has_room(64 << 20) != 0 else { throw .system(OneDNN.noRoom) }
    let found = zoo_dnn_open()
    if let missing = found.missing { throw .unavailable(String(cString: missing)) }
    let (major, minor, patch) = found.version
    return Library(
      path: found.path.map { String(cString: $0) } ?? "libdnnl",
      version: "\(major).\(minor).\(patch)",
      instructions: names.last { found.isa & $0.isa == $0.isa }?.name ?? "SSE2",
      isFast: found.isa & 0x7 == 0x7, hasAVX512: found.isa & 0x27 == 0x27,
      hasBFloat16: found.isa & 0xE7 == 0xE7)
  }

  /// Its kernels are made when a network is compiled, by code that cannot bear a failure.
  static func checkRoom() throws {
    guard zoo_has_room(32 << 20) != 0 else { throw ZooError.system(noRoom) }
  }

  private static let noRoom =
    "too little address space for oneDNN under the limit (ulimit -v) of \(zoo_room_limit() >> 20) MB"

  /// Each instruction set includes the previous ones.
  private static let names: [(isa: Int32, name: String)] = [
    (0x1, "SSE4.1"), (0x3, "AVX"), (0x7, "AVX2"), (0x407, "AVX2 VNNI"), (0x27, "AVX-512"),
    (0x67, "AVX-512 VNNI"), (0xE7, "AVX-512 bf16"), (0x3E7, "AMX"),
  ]
}
