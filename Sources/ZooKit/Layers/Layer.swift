/// One operation of a network, complete by itself: its shapes, its parameters, its forward and its
/// backward pass, on plain float32 arrays in N×C×H×W order.
///
/// A plugin may bring a layer that the host has never heard of; it runs and trains at once. An
/// engine may know a faster way for it, and is tested against this one.
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

  /// The shape that comes out, or an error that says which shapes do not go together.
  func output(_ inputs: [Shape]) throws -> Shape

  /// What it learns and keeps, under names of its own (`weight`, `bias`).
  func parameters(_ inputs: [Shape]) -> [Parameter]

  /// Multiply-accumulates for one item, as the field counts them: convolutions and dense layers.
  func macs(_ inputs: [Shape], _ output: Shape) -> Int

  /// What ``backward(_:_:)`` reads; the rest need not be kept between the passes.
  var needs: Needs { get }

  /// The output may be written over the first input: element by element, nothing read twice.
  var inPlace: Bool { get }

  /// Arrays that the forward pass of training leaves for the backward pass.
  func saved(_ inputs: [Shape], batch: Int) -> [Shape]

  func forward(_ pass: Pass) throws

  /// Adds to every gradient that is asked for.
  func backward(_ pass: Pass, _ gradients: Gradients) throws
}

extension Layer {
  public func parameters(_ inputs: [Shape]) -> [Parameter] { [] }
  public func macs(_ inputs: [Shape], _ output: Shape) -> Int { 0 }
  public var needs: Needs { [.inputs, .output] }
  public var inPlace: Bool { false }
  public func saved(_ inputs: [Shape], batch: Int) -> [Shape] { [] }
}

/// What a layer's backward pass reads of its forward pass.
public struct Needs: OptionSet, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  public static let inputs = Needs(rawValue: 1)
  public static let output = Needs(rawValue: 2)
}

/// Why a layer runs.
public enum Mode: Hashable, Sendable {
  /// Fixed weights, running statistics, no noise.
  case inference
  /// Statistics of the batch, noise drawn from the key of this step.
  case training(Random)
}

/// How gradients pass a rectifier: as calculus says, or as the two classic ways of drawing what a
/// network looks at.
public enum Rule: Sendable {
  case plain
  /// Only positive gradients at positive inputs (Springenberg et al., arXiv:1412.6806).
  case guided
  /// Only positive gradients, whatever the input (Zeiler and Fergus, arXiv:1311.2901).
  case deconvnet
}

/// What a layer sees while it runs.
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

/// Where gradients come from and where they go; nil is not wanted.
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
