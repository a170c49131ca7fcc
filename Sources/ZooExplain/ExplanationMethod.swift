import ZooKit

/// A way to explain a number that a network computes from a picture.
///
/// A program can bring its own and pass it to `model.explain`:
/// ```swift
/// struct Loudest: ExplanationMethod {
///   let name = "loudest"
///   func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution {
///     let layer = subject.lastMap ?? "image"
///     …
///   }
/// }
/// ```
public protocol ExplanationMethod: Sendable {
  /// As the command line names it.
  var name: String { get }

  /// How much of a picture it wants to see; what the network sees unless said otherwise.
  var extent: PictureExtent { get }

  /// How much each place of the input counts for the number.
  /// - Parameters:
  ///   - subject: the number.
  ///   - input: the network's input for a picture, C×H×W.
  func attribution(of subject: any Subject, for input: Tensor) throws -> Attribution
}

extension ExplanationMethod {
  public var extent: PictureExtent { .seen }
}

/// How much of a picture is explained.
public enum PictureExtent: Hashable, Sendable {
  /// What the network sees for a prediction.
  case seen
  /// All of it, larger than the network's input; nil means twice the input's shorter side.
  case whole(shorterSide: Int?)
}

/// The settings that methods share; each reads those that concern it.
public struct ExplanationOptions: Sendable {
  /// The layer whose maps are weighed; nil means the last with places.
  public var layer: String?
  /// Noisy copies, steps of a path or random masks; nil means the method's usual number.
  public var samples: Int?
  /// The side of the square that hides a part of the picture, and the distance between two, in
  /// pixels of the input; nil means a seventh of the shorter side, and half of the square.
  public var window: Int?
  public var stride: Int?
  /// What hides a part of the picture.
  public var fill = Fill.mean
  /// The shorter side of a picture that windows slide over.
  public var scale: Int?
  public var seed = 0

  public init() {}
}

/// All methods of this program. A new one is a file in `Methods` and a line here.
public enum ExplanationMethods {
  public static let names = all(.init()).map(\.name)

  public static func all(_ options: ExplanationOptions) -> [any ExplanationMethod] {
    [
      Saliency(), GradientTimesInput(), SmoothGrad(options), IntegratedGradients(options),
      GuidedBackpropagation(), Deconvnet(), ClassActivationMap(), GradCAM(options),
      GradCAMPlusPlus(options), LayerCAM(options), ScoreCAM(options), GuidedGradCAM(options),
      Occlusion(options), RISE(options), SlidingWindow(options),
    ]
  }

  /// The method of that name.
  public static func method(_ name: String, _ options: ExplanationOptions) throws
    -> any ExplanationMethod
  {
    guard let method = all(options).first(where: { $0.name == name }) else {
      throw ZooError.usage(
        "there is no method “\(name)”" + suggestion(name, among: names)
          + "; the methods are \(names.joined(separator: ", "))")
    }
    return method
  }
}
