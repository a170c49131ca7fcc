import ZooKit

/// Very deep networks of 3×3 convolutions: Karen Simonyan and Andrew Zisserman 2014,
/// arXiv:1409.1556, table 1, columns A, B, D and E, in torchvision's names.
/// `_bn` has a norm after every convolution. `vgg9_bn` is the same form for pictures of 28 to 64
/// pixels.
public struct VGG: Architecture {
  public static let name = "VGG"
  public static let paper = "Simonyan and Zisserman 2014, arXiv:1409.1556"
  public static let variants = [
    "vgg11": VGG([1, 1, 2, 2, 2]), "vgg11_bn": VGG([1, 1, 2, 2, 2], norm: true),
    "vgg13": VGG([2, 2, 2, 2, 2]), "vgg13_bn": VGG([2, 2, 2, 2, 2], norm: true),
    "vgg16": VGG([2, 2, 3, 3, 3]), "vgg16_bn": VGG([2, 2, 3, 3, 3], norm: true),
    "vgg19": VGG([2, 2, 4, 4, 4]), "vgg19_bn": VGG([2, 2, 4, 4, 4], norm: true),
    "vgg9_bn": small,
  ]

  private static let small = {
    var network = VGG([2, 2, 2], norm: true, widths: [32, 64, 128])
    (network.input, network.classes) = ([3, 32, 32], 10)
    (network.hidden, network.pooled) = (256, 3)
    return network
  }()

  public static let miniatures = [
    "vgg": VGG([1, 1, 2], widths: [8, 12, 16]),
    "vgg_bn": VGG([1, 1, 2], norm: true, widths: [8, 12, 16]),
  ]

  /// Convolutions in each block.
  let depths: [Int]
  let norm: Bool
  package var widths = [64, 128, 256, 512, 512]
  package var hidden = 4096
  public private(set) var input: Shape = [3, 224, 224]
  public private(set) var classes = 1000
  /// The side of what the dense layers see.
  private var pooled = 7

  package init(_ depths: [Int], norm: Bool = false) {
    self.depths = depths
    self.norm = norm
  }

  private init(_ depths: [Int], norm: Bool = false, widths: [Int]) {
    self.init(depths, norm: norm)
    (self.widths, hidden) = (widths, 32)
  }

  public func features(_ image: Node) -> Node {
    image.sequential("features") { image in
      depths.indices.reduce(image) { x, block in
        x.stage("block\(block + 1)") { x in
          (0..<depths[block]).reduce(x) { x, _ in
            let x = x.conv(to: widths[block], kernel: 3, padding: 1)
            return norm ? x.batchNorm().relu() : x.relu()
          }.maxPool(kernel: 2)
        }
      }
    }
  }

  public func head(_ features: Node, classes: Int) -> Node {
    features.adaptiveAveragePool("avgpool", to: .init(pooled)).flatten().sequential("classifier") {
      $0.dense(to: hidden).relu().dropout()
        .dense(to: hidden).relu().dropout()
        .dense(to: classes)
    }
  }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(VGG.self) }
