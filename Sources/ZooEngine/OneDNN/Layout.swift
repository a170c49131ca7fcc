import COneDNN
import ZooKit

/// The memory layout of a value, including the batch, as oneDNN describes it.
final class Layout {
  let handle: OpaquePointer

  private init(handle: OpaquePointer) { self.handle = handle }
  deinit { zoo_dnn_layout_free(handle) }

  /// Takes ownership of a handle returned by the library.
  convenience init?(owning handle: OpaquePointer?) {
    guard let handle else { return nil }
    self.init(handle: handle)
  }

  /// Nil if the format does not fit the number of axes.
  convenience init?(_ sizes: [Int], _ format: zoo_dnn_format) {
    self.init(owning: zoo_dnn_layout_make(Int32(sizes.count), sizes.map(Int64.init), format))
  }

  convenience init?(_ sizes: [Int], strides: [Int]) {
    self.init(
      owning: zoo_dnn_layout_strided(
        Int32(sizes.count), sizes.map(Int64.init), strides.map(Int64.init)))
  }

  var type: zoo_dnn_type { zoo_dnn_layout_type(handle) }

  func of(_ type: zoo_dnn_type) throws -> Layout {
    if self.type == type { return self }
    guard let layout = Layout(owning: zoo_dnn_layout_of_type(handle, type)) else {
      throw ZooError.failure("no memory")
    }
    return layout
  }

  /// The memory it takes, including the padding of blocks.
  var floats: Int { (zoo_dnn_layout_bytes(handle) + 3) / 4 }

  func equals(_ other: Layout) -> Bool { zoo_dnn_layout_equal(handle, other.handle) != 0 }
}
