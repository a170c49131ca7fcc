import COneDNN
import ZooKit

/// A compiled operation of oneDNN with a way back, in one direction.
final class Learner {
  /// What is wanted; which fields count depends on the kind, as COneDNNTraining.h says.
  struct Lesson {
    var kind: zoo_dnn_kind
    var source: Layout
    var target: Layout
    var weights: Layout?
    var bias: Layout?
    var window = Window(1)
    var size = 0
    var alpha: Float = 0
    var beta: Float = 0
    var k: Float = 0
    var function = zoo_dnn_relu
    var rectifies = false

    init(_ kind: zoo_dnn_kind, _ source: Layout, _ target: Layout) {
      (self.kind, self.source, self.target) = (kind, source, target)
    }
  }

  private let handle: OpaquePointer
  let scratchFloats: Int

  /// Nil where the library has no fast kernel for it.
  init?(_ lesson: Lesson, _ direction: zoo_dnn_direction) {
    let window = lesson.window
    var wanted = zoo_dnn_lesson()
    (wanted.kind, wanted.direction) = (lesson.kind, direction)
    wanted.source = lesson.source.handle
    wanted.target = lesson.target.handle
    wanted.weights = lesson.weights?.handle
    wanted.bias = direction == zoo_dnn_back_to_source ? nil : lesson.bias?.handle
    wanted.kernel = (Int64(window.kernel.height), Int64(window.kernel.width))
    wanted.stride = (Int64(window.stride.height), Int64(window.stride.width))
    wanted.dilation = (Int64(window.dilation.height), Int64(window.dilation.width))
    wanted.before = (Int64(window.padding.top), Int64(window.padding.left))
    wanted.after = (Int64(window.padding.bottom), Int64(window.padding.right))
    wanted.size = Int64(lesson.size)
    (wanted.alpha, wanted.beta, wanted.k) = (lesson.alpha, lesson.beta, lesson.k)
    wanted.function = lesson.function
    wanted.rectifies = lesson.rectifies && direction == zoo_dnn_ahead ? 1 : 0
    guard let handle = zoo_dnn_learner_make(&wanted) else { return nil }
    self.handle = handle
    scratchFloats =
      Layout(owning: zoo_dnn_learner_layout(handle, zoo_dnn_of_scratch))?.floats ?? 0
  }

  deinit { zoo_dnn_learner_free(handle) }

  /// The kernel, as the library calls it.
  var name: String { String(cString: zoo_dnn_learner_name(handle)) }

  /// What an argument must lie in; nil where there is no such argument.
  func layout(_ part: zoo_dnn_part) -> Layout? {
    Layout(owning: zoo_dnn_learner_layout(handle, part))
  }

  func run(_ arguments: [(part: zoo_dnn_part, memory: UnsafeMutablePointer<Float>)]) throws {
    let worked = withUnsafeTemporaryAllocation(
      of: UnsafeMutableRawPointer?.self, capacity: Int(zoo_dnn_part_count.rawValue)
    ) { memory in
      memory.initialize(repeating: nil)
      for (part, pointer) in arguments { memory[Int(part.rawValue)] = .init(pointer) }
      return zoo_dnn_learner_run(handle, memory.baseAddress) != 0
    }
    guard worked else { throw ZooError.failure("oneDNN failed to run \(name)") }
  }
}
