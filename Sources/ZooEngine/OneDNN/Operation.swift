import COneDNN
import ZooKit

/// A compiled operation of oneDNN, in one direction.
final class Operation {
  /// Describes an operation. Which fields matter depends on the kind: see COneDNN.h.
  struct Request {
    var kind: zoo_dnn_kind
    var direction = zoo_dnn_inference
    /// Layouts are the forward pass's, in every direction.
    var sources: [Layout]
    var weights: Layout?
    var bias: Layout?
    var target: Layout?
    var window = Window(1)
    var size = 0
    var alpha: Float = 0
    var beta: Float = 0
    var k: Float = 0
    var epilogue: [zoo_dnn_post_op] = []

    init(_ kind: zoo_dnn_kind, _ sources: [Layout], target: Layout? = nil) {
      (self.kind, self.sources, self.target) = (kind, sources, target)
    }

    /// The same request in another direction.
    func directed(_ direction: zoo_dnn_direction) -> Request {
      var other = self
      other.direction = direction
      return other
    }
  }

  typealias Argument = (role: zoo_dnn_role, memory: UnsafeMutablePointer<Float>)

  let kind: zoo_dnn_kind
  /// The memory it borrows while it runs.
  let scratchFloats: Int
  /// Whether the arguments that stay the same from run to run are bound.
  var isBound = false
  private let handle: OpaquePointer
  /// The owner of the compiled code, for a copy.
  private let original: Operation?

  /// Nil if the library has no fast kernel for it.
  init?(_ request: Request) {
    let window = request.window
    let sources = request.sources.map { Optional($0.handle) }
    let handle = sources.withUnsafeBufferPointer { sources in
      request.epilogue.withUnsafeBufferPointer { epilogue in
        var wanted = zoo_dnn_request()
        (wanted.kind, wanted.direction) = (request.kind, request.direction)
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
        wanted.epilogue = epilogue.baseAddress
        wanted.epilogue_count = Int32(epilogue.count)
        return zoo_dnn_operation_make(&wanted)
      }
    }
    guard let handle else { return nil }
    (self.handle, kind, original) = (handle, request.kind, nil)
    let scratch = Layout(owning: zoo_dnn_operation_layout(handle, zoo_dnn_scratch, 0))
    scratchFloats = scratch?.floats ?? 0
  }

  /// Copies an array into another layout.
  static func reorder(_ source: Layout, to target: Layout) throws -> Operation {
    guard let operation = Operation(Request(zoo_dnn_reorder, [source], target: target)) else {
      throw ZooError.failure("oneDNN cannot reorder an array")
    }
    return operation
  }

  private init(copyOf original: Operation, _ handle: OpaquePointer) {
    (self.handle, kind, self.original) = (handle, original.kind, original)
    scratchFloats = original.scratchFloats
  }

  /// The same operation with arguments of its own, so that two threads can run it at once.
  func copy() throws -> Operation {
    guard let copied = zoo_dnn_operation_copy(handle) else {
      throw ZooError.system("not enough memory for oneDNN's \(name)")
    }
    return Operation(copyOf: self, copied)
  }

  deinit { zoo_dnn_operation_free(handle) }

  /// The library's name for the kernel.
  var name: String { String(cString: zoo_dnn_operation_name(handle)) }

  /// The layout that an argument must have; nil where there is no such argument.
  func layout(_ role: zoo_dnn_role, _ index: Int = 0) -> Layout? {
    Layout(owning: zoo_dnn_operation_layout(handle, role, Int32(index)))
  }

  func bind(_ role: zoo_dnn_role, _ index: Int = 0, to memory: UnsafeMutablePointer<Float>) throws {
    guard zoo_dnn_operation_bind(handle, role, Int32(index), memory) != 0 else {
      throw ZooError.failure("oneDNN's \(name) takes no such argument")
    }
  }

  /// Binds the memory it borrows, if any.
  func bind(scratch: UnsafeMutablePointer<Float>) throws {
    if scratchFloats > 0 { try bind(zoo_dnn_scratch, to: scratch) }
  }

  /// Runs on the bound arguments.
  func run() throws {
    guard zoo_dnn_operation_run(handle) != 0 else {
      throw ZooError.failure("oneDNN failed to run \(name)")
    }
  }

  /// Binds these arguments and runs.
  func run(_ arguments: [Argument], scratch: UnsafeMutablePointer<Float>) throws {
    for (role, memory) in arguments { try bind(role, to: memory) }
    try bind(scratch: scratch)
    try run()
  }
}
