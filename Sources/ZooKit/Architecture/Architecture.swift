/// What a network is for.
public enum VisionTask: String, Sendable, CaseIterable {
  case classification, segmentation, detection
}

/// A family of networks from one paper: one conforming type, one folder under `Plugins/`.
///
/// A classifier states its variants, its features and its head, and everything else follows:
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

  /// Small members for tests, which train them in a second: one of each kind that the variants are
  /// of, the same in everything but width and depth. Nobody finds them by name. The default is none.
  static var miniatures: [String: Self] { get }

  var task: VisionTask { get }
  /// The picture it was designed for, C×H×W.
  var input: Shape { get }
  /// How many classes it was designed for.
  var classes: Int { get }

  /// How much say an auxiliary head has in training, beside 1 of the head itself.
  var auxiliaryWeight: Double { get }

  /// Up to the last feature map.
  func features(_ image: Node) -> Node
  /// What fine-tuning replaces.
  func head(_ features: Node, classes: Int) -> Node
  /// Everything the network gives, by name. The default is one head over the features.
  func outputs(_ image: Node, _ head: Head) -> KeyValuePairs<String, Node>
}

extension Architecture {
  public static var miniatures: [String: Self] { [:] }

  public var task: VisionTask { .classification }
  public var input: Shape { [3, 224, 224] }
  public var classes: Int { 1000 }
  /// Section 5 of the paper that began with them (Szegedy et al. 2014, arXiv:1409.4842).
  public var auxiliaryWeight: Double { 0.3 }

  public func outputs(_ image: Node, _ head: Head) -> KeyValuePairs<String, Node> {
    let features = features(image)
    if case .none = head { return ["features": features] }
    return ["logits": features.stage(Stage.head) { head.build(on: $0, original: self.head) }]
  }
}

/// The part of a network that depends on the classes.
public enum Head: Hashable, Sendable {
  /// The family's own, for so many classes.
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

  /// This head over features: what an architecture with outputs of its own calls.
  ///
  /// ```swift
  /// features.stage(Stage.head) { head.build(on: $0, original: self.head) }
  /// ```
  /// - Parameters:
  ///   - features: the last feature map.
  ///   - original: the family's own head, for so many classes.
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
