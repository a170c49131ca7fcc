/// One operation of a network: its shapes, parameters, forward and backward, on plain float32
/// arrays in N×C×H×W order.
///
/// A plugin may define a layer that the host does not know; it runs and trains at once. An engine
/// may have a faster implementation, which is tested against this one.
///
/// ```swift
/// struct Square: Layer {
///   var kind: String { "square" }
///   func output(_ inputs: [Shape]) throws -> Shape { inputs[0] }
///   func forward(_ pass: Pass) {
///     for i in 0..<pass.output.count {
///       pass.output.pointer[i] = pass.inputs[0].pointer[i] * pass.inputs[0].pointer[i]
///     }
///   }
///   func backward(_ pass: Pass, _ gradients: Gradients) {
///     guard let dx = gradients.inputs[0] else { return }
///     for i in 0..<dx.count {
///       dx.pointer[i] += 2 * pass.inputs[0].pointer[i] * gradients.output.pointer[i]
///     }
///   }
/// }
/// ```
public protocol Layer: Sendable {
  /// The operation in one word, as summaries show it.
  var kind: String { get }

  /// The output shape, or an error that says which shapes do not match.
  func output(_ inputs: [Shape]) throws -> Shape

  /// Learned and stored tensors, under the layer's own names (`weight`, `bias`).
  func parameters(_ inputs: [Shape]) -> [Parameter]

  /// Multiply-accumulates for one item, by the usual count: convolutions and dense layers.
  func macs(_ inputs: [Shape], _ output: Shape) -> Int

  /// The values that ``backward(_:_:)`` reads; others need not be kept between the passes.
  var needs: Needs { get }

  /// The output may overwrite the first input, because it is computed element by element and reads
  /// nothing twice.
  var inPlace: Bool { get }

  /// Training computes something else than inference: batch statistics, noise. A frozen prefix
  /// without such layers runs as in inference, and its values are computed once and kept.
  var dependsOnMode: Bool { get }

  /// Inputs and output have the same shape, and each number of the output depends only on the
  /// numbers at its place in the inputs, neither on the place nor on the mode.
  var isElementwise: Bool { get }

  /// The inputs may be swapped.
  var isCommutative: Bool { get }

  /// In inference, and in training unless it depends on the mode, the output is the first input:
  /// the same numbers in the same order, possibly in another shape.
  var isIdentity: Bool { get }

  /// How the parameters enter, if the output is linear in them.
  var linearMap: LinearMap? { get }

  /// The norm, scale or shift of channels that inference computes with these values of the
  /// parameters; nil for other layers.
  func channelNorm(_ constants: [Tensor]) -> ChannelNorm?

  /// Arrays that forward saves for backward in training.
  func saved(_ inputs: [Shape], batch: Int) -> [Shape]

  func forward(_ pass: Pass) throws

  /// Adds to every requested gradient.
  func backward(_ pass: Pass, _ gradients: Gradients) throws
}

extension Layer {
  public func parameters(_ inputs: [Shape]) -> [Parameter] { [] }
  public func macs(_ inputs: [Shape], _ output: Shape) -> Int { 0 }
  public var needs: Needs { [.inputs, .output] }
  public var inPlace: Bool { isElementwise }
  public func saved(_ inputs: [Shape], batch: Int) -> [Shape] { [] }
}

/// The values of the forward pass that backward reads.
public struct Needs: OptionSet, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  public static let inputs = Needs(rawValue: 1)
  public static let output = Needs(rawValue: 2)
}

/// The purpose of a run.
public enum Mode: Hashable, Sendable {
  /// Fixed weights, running statistics, no noise.
  case inference
  /// Statistics of the batch, noise drawn from the key of this step.
  case training(Random)
}

/// How gradients pass a rectifier: the derivative, or one of the two classic rules for
/// visualisation.
public enum Rule: Sendable {
  case plain
  /// Only positive gradients at positive inputs (Springenberg et al., arXiv:1412.6806).
  case guided
  /// Only positive gradients, whatever the input (Zeiler and Fergus, arXiv:1311.2901).
  case deconvnet
}

/// The arrays of a layer while it runs.
public struct Pass {
  public let mode: Mode
  public let inputs: [TensorView]
  /// In the order of ``Layer/parameters(_:)``, each as a single item.
  public let parameters: [TensorView]
  public let output: TensorView
  /// In the order of ``Layer/saved(_:batch:)``; empty in inference.
  public let saved: [TensorView]
  public let scratch: Scratch

  public init(
    mode: Mode, inputs: [TensorView], parameters: [TensorView], output: TensorView,
    saved: [TensorView] = [], scratch: Scratch
  ) {
    self.mode = mode
    self.inputs = inputs
    self.parameters = parameters
    self.output = output
    self.saved = saved
    self.scratch = scratch
  }
}

/// The output's gradient and the requested gradients of inputs and parameters; nil means not
/// requested.
public struct Gradients {
  public let output: TensorView
  public let inputs: [TensorView?]
  public let parameters: [TensorView?]
  public let rule: Rule

  public init(
    output: TensorView, inputs: [TensorView?], parameters: [TensorView?], rule: Rule = .plain
  ) {
    self.output = output
    self.inputs = inputs
    self.parameters = parameters
    self.rule = rule
  }
}
