import ZooKit

/// Residual networks: Kaiming He, Xiangyu Zhang, Shaoqing Ren and Jian Sun 2015, arXiv:1512.03385,
/// in three versions with incompatible weights.
public struct ResNet: Architecture {
  public static let name = "ResNet"
  public static let paper = "He, Zhang, Ren and Sun 2015, arXiv:1512.03385"
  public static let variants = [
    "resnet18": ResNet(depths: [2, 2, 2, 2]), "resnet34": ResNet(depths: [3, 4, 6, 3]),
    "resnet50": ResNet(depths: [3, 4, 6, 3], bottleneck: true),
    "resnet101": ResNet(depths: [3, 4, 23, 3], bottleneck: true),
    "resnet152": ResNet(depths: [3, 8, 36, 3], bottleneck: true),
    "resnet50-keras": ResNet(depths: [3, 4, 6, 3], bottleneck: true, lineage: .keras),
    "resnet101-keras": ResNet(depths: [3, 4, 23, 3], bottleneck: true, lineage: .keras),
    "resnet152-keras": ResNet(depths: [3, 8, 36, 3], bottleneck: true, lineage: .keras),
    "resnet20": cifar(3), "resnet32": cifar(5), "resnet44": cifar(7), "resnet56": cifar(9),
    "resnet110": cifar(18),
  ]

  public static let miniatures = [
    "resnet-basic": ResNet(depths: [1, 2, 1], width: 8),
    "resnet-bottleneck": ResNet(depths: [1, 2], bottleneck: true, width: 8),
    "resnet-keras": ResNet(depths: [1, 2], bottleneck: true, lineage: .keras, width: 8),
    "resnet-cifar": ResNet(depths: [1, 1, 1], lineage: .cifar, width: 8),
  ]

  /// The origin of the weights: torchvision (table 1, with a bottleneck's stride on its 3×3), Keras'
  /// (with biases, the stride on the first 1×1, epsilon 1.001e-5) or those for CIFAR (section 4.2:
  /// small pictures, three stages, shortcuts without parameters, option A).
  enum Lineage { case torchvision, keras, cifar }

  /// Blocks in each stage.
  package var depths: [Int]
  var bottleneck = false
  var lineage = Lineage.torchvision
  package var width = 64

  /// 6n + 2 layers.
  static func cifar(_ n: Int) -> Self { Self(depths: [n, n, n], lineage: .cifar, width: 16) }

  public var input: Shape { lineage == .cifar ? [3, 32, 32] : [3, 224, 224] }
  public var classes: Int { lineage == .cifar ? 10 : 1000 }

  public func features(_ image: Node) -> Node {
    depths.indices.reduce(image.stage("stem", stem)) { x, stage in
      x.stage(lineage == .keras ? "conv\(stage + 2)" : "layer\(stage + 1)") { x in
        (0..<depths[stage]).reduce(x) { block($0, stage, $1) }
      }
    }
  }

  public func head(_ features: Node, classes: Int) -> Node {
    let name = lineage == .keras ? "predictions" : lineage == .cifar ? "linear" : "fc"
    return features.globalAveragePool("avgpool").flatten().dense(name, to: classes)
  }

  private func stem(_ image: Node) -> Node {
    let prefix = lineage == .keras ? "conv" : ""
    if lineage == .cifar { return unit(image, prefix, 1, to: width, kernel: 3).relu() }
    return unit(image, prefix, 1, to: width, kernel: 7, stride: 2).relu()
      .maxPool(kernel: 3, stride: 2, padding: 1)
  }

  private func block(_ x: Node, _ stage: Int, _ index: Int) -> Node {
    let prefix =
      lineage == .keras ? "conv\(stage + 2)_block\(index + 1)_" : "layer\(stage + 1).\(index)."
    let width = width << stage
    let outputs = bottleneck ? 4 * width : width
    let stride = stage > 0 && index == 0 ? 2 : 1
    let first = lineage == .torchvision && bottleneck ? 1 : stride
    let units =
      bottleneck
      ? [(1, first, width), (3, stride / first, width), (1, 1, outputs)]
      : [(3, stride, width), (3, 1, width)]
    let shortcut = shortcut(x, prefix, to: outputs, stride: stride)
    let residual = units.indices.reduce(x) { x, part in
      let (kernel, stride, width) = units[part]
      let x = part == 0 ? x : x.relu(prefix + "relu")
      return unit(x, prefix, part + 1, to: width, kernel: kernel, stride: stride)
    }
    // The order of the sum is part of Keras' file format.
    let (left, right) = lineage == .keras ? (shortcut, residual) : (residual, shortcut)
    return left.add(right, prefix + "add").relu(prefix + "relu")
  }

  /// The input itself if it fits, else projected; for CIFAR every other pixel, and zeros for the
  /// additional channels.
  private func shortcut(_ x: Node, _ prefix: String, to channels: Int, stride: Int) -> Node {
    if x.shape.channels == channels { return x }
    if lineage != .cifar { return unit(x, prefix, 0, to: channels, kernel: 1, stride: stride) }
    let more = (channels - x.shape.channels) / 2
    return x.slice(of: 0..<x.shape.height, axis: 1, step: 2)
      .slice(of: 0..<x.shape.width, axis: 2, step: 2).pad(channels: (more, more))
  }

  /// A convolution and its norm; part 0 is the shortcut.
  private func unit(
    _ x: Node, _ prefix: String, _ part: Int, to width: Int, kernel: Int, stride: Int = 1
  ) -> Node {
    let keras = lineage == .keras
    let (conv, norm) =
      keras
      ? ("\(part)_conv", "\(part)_bn")
      : part == 0 ? ("downsample.0", "downsample.1") : ("conv\(part)", "bn\(part)")
    return x.conv(
      prefix + conv, to: width, kernel: .init(kernel), stride: .init(stride),
      padding: .init(kernel / 2), bias: keras
    ).batchNorm(prefix + norm, epsilon: keras ? 1.001e-5 : nil)
  }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(ResNet.self) }
