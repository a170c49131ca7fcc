/// A family of networks from one paper: one conforming type, one folder under `Plugins/`.
///
/// A classifier states its variants, features and head; everything else follows:
/// ```swift
/// struct Tiny: Architecture {
///   static let name = "Tiny"
///   static let paper = "an example"
///   static let variants = ["tiny8": Tiny(width: 8), "tiny16": Tiny(width: 16)]
///   let width: Int
///   func features(_ image: Node) -> Node {
///     image.conv("conv", to: width, kernel: 3, padding: 1).relu()
///   }
///   func head(_ features: Node, classes: Int) -> Node {
///     features.globalAveragePool().flatten().dense("fc", to: classes)
///   }
/// }
/// ```
public protocol Architecture: Sendable {
  /// The family, as its paper spells it.
  static var name: String { get }
  /// Authors, year and where to read it.
  static var paper: String { get }
  /// The members, by the names that users type.
  static var variants: [String: Self] { get }

  /// Small members for tests, which train them in a second: one of each kind of variant, differing
  /// only in width and depth. Users cannot look them up by name. The default is none.
  static var miniatures: [String: Self] { get }

  /// The task of its variants, unless a checkpoint names another.
  var task: VisionTask { get }
  /// The form of its outputs.
  var form: OutputForm { get }
  /// The preprocessing without a checkpoint; nil is the usual one for its task.
  var preprocessing: Preprocessing? { get }
  /// The picture it was designed for, C×H×W.
  var input: Shape { get }
  /// The number of classes it was designed for.
  var classes: Int { get }

  /// The weight of an auxiliary head's loss in training; the head itself has 1.
  var auxiliaryWeight: Double { get }

  /// The network up to the last feature map.
  func features(_ image: Node) -> Node
  /// The part that fine-tuning replaces.
  func head(_ features: Node, classes: Int) -> Node
  /// Every output of the network, by name. The default is one head over the features.
  func outputs(_ image: Node, _ head: Head) -> KeyValuePairs<String, Node>
}

extension Architecture {
  public static var miniatures: [String: Self] { [:] }

  public var task: VisionTask { .classification }
  public var form: OutputForm { .vector }
  public var preprocessing: Preprocessing? { nil }
  public var input: Shape { [3, 224, 224] }
  public var classes: Int { 1000 }
  /// Section 5 of the paper that introduced auxiliary heads (Szegedy et al. 2014, arXiv:1409.4842).
  public var auxiliaryWeight: Double { 0.3 }

  public func outputs(_ image: Node, _ head: Head) -> KeyValuePairs<String, Node> {
    let features = features(image)
    if case .none = head { return ["features": features] }
    return ["logits": features.stage(Stage.head) { head.build(on: $0, original: self.head) }]
  }
}

/// The part of a network that depends on the classes.
public enum Head: Hashable, Sendable {
  /// The family's own head, for the given number of classes.
  case original(classes: Int)
  /// Global average and one dense layer, `head.fc`.
  case linear(classes: Int)
  /// Global average, a hidden dense layer with ReLU and dropout, a dense layer: `head.0`, `head.3`.
  case mlp(classes: Int, hidden: Int)
  /// Features only.
  case none

  public var classes: Int? {
    switch self {
    case .original(let classes), .linear(let classes), .mlp(let classes, _): classes
    case .none: nil
    }
  }

  /// Builds this head on features. Architectures with several outputs call it.
  ///
  /// ```swift
  /// features.stage(Stage.head) { head.build(on: $0, original: self.head) }
  /// ```
  /// - Parameters:
  ///   - features: the last feature map.
  ///   - original: the family's own head, for a given number of classes.
  public func build(on features: Node, original: (Node, Int) -> Node) -> Node {
    switch self {
    case .original(let classes): original(features, classes)
    case .linear(let classes):
      features.globalAveragePool("pool").flatten().scope("head") { $0.dense("fc", to: classes) }
    case .mlp(let classes, let hidden):
      features.globalAveragePool("pool").flatten().sequential("head") {
        $0.dense(to: hidden).relu().dropout().dense(to: classes)
      }
    case .none: features
    }
  }
}
