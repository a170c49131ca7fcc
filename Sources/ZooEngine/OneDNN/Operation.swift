import COneDNN
import ZooKit

/// A compiled operation of oneDNN.
final class Operation {
  /// What is wanted; which fields count depends on the kind, as COneDNN.h says.
  struct Request {
    var kind: zoo_dnn_kind
    var sources: [Layout]
    var weights: Layout?
    var bias: Layout?
    var target: Layout?
    var window = Window(1)
    var size = 0
    var alpha: Float = 0
    var beta: Float = 0
    var k: Float = 0
    var riders: [zoo_dnn_rider] = []

    init(_ kind: zoo_dnn_kind, _ sources: [Layout], target: Layout? = nil) {
      (self.kind, self.sources, self.target) = (kind, sources, target)
    }
  }

  let kind: zoo_dnn_kind
  private let handle: OpaquePointer

  /// Nil where the library has no fast kernel for it.
  init?(_ request: Request) {
    let window = request.window
    let sources = request.sources.map { Optional($0.handle) }
    let handle = sources.withUnsafeBufferPointer { sources in
      request.riders.withUnsafeBufferPointer { riders in
        var wanted = zoo_dnn_request()
        wanted.kind = request.kind
        wanted.sources = sources.baseAddress
        wanted.source_count = Int32(sources.count)
        wanted.weights = request.weights?.handle
        wanted.bias = request.bias?.handle
        wanted.target = request.target?.handle
        wanted.kernel = (Int64(window.kernel.height), Int64(window.kernel.width))
        wanted.stride = (Int64(window.stride.height), Int64(window.stride.width))
        wanted.dilation = (Int64(window.dilation.height), Int64(window.dilation.width))
        wanted.before = (Int64(window.padding.top), Int64(window.padding.left))
        wanted.after = (Int64(window.padding.bottom), Int64(window.padding.right))
        wanted.size = Int64(request.size)
        (wanted.alpha, wanted.beta, wanted.k) = (request.alpha, request.beta, request.k)
        wanted.riders = riders.baseAddress
        wanted.rider_count = Int32(riders.count)
        return zoo_dnn_operation_make(&wanted)
      }
    }
    guard let handle else { return nil }
    (self.handle, kind) = (handle, request.kind)
  }

  deinit { zoo_dnn_operation_free(handle) }

  /// The kernel, as the library calls it.
  var name: String { String(cString: zoo_dnn_operation_name(handle)) }

  /// What an argument must lie in; nil where there is no such argument.
  func layout(_ role: zoo_dnn_role, _ index: Int = 0) -> Layout? {
    Layout(owning: zoo_dnn_operation_layout(handle, role, Int32(index)))
  }

  func bind(_ role: zoo_dnn_role, _ index: Int = 0, to memory: UnsafeMutablePointer<Float>) throws {
    guard zoo_dnn_operation_bind(handle, role, Int32(index), memory) != 0 else {
      throw ZooError.failure("oneDNN does not take an argument of its own \(name)")
    }
  }

  func run() throws {
    guard zoo_dnn_operation_run(handle) != 0 else {
      throw ZooError.failure("oneDNN failed to run \(name)")
    }
  }
}
