import ZooKit

/// Very deep networks of 3×3 convolutions: Karen Simonyan and Andrew Zisserman 2014,
/// arXiv:1409.1556, table 1, columns A, B, D and E, with torchvision's names. `_bn` has a norm
/// after every convolution. `vgg9_bn` is a small version for pictures of 28 to 64 pixels.
public struct VGG: Architecture {
  public static let name = "VGG"
  public static let paper = "Simonyan and Zisserman 2014, arXiv:1409.1556"
  public static let variants = [
    "vgg11": VGG(depths: [1, 1, 2, 2, 2]), "vgg11_bn": VGG(depths: [1, 1, 2, 2, 2], norm: true),
    "vgg13": VGG(depths: [2, 2, 2, 2, 2]), "vgg13_bn": VGG(depths: [2, 2, 2, 2, 2], norm: true),
    "vgg16": VGG(depths: [2, 2, 3, 3, 3]), "vgg16_bn": VGG(depths: [2, 2, 3, 3, 3], norm: true),
    "vgg19": VGG(depths: [2, 2, 4, 4, 4]), "vgg19_bn": VGG(depths: [2, 2, 4, 4, 4], norm: true),
    "vgg9_bn": VGG(
      depths: [2, 2, 2], norm: true, widths: [32, 64, 128], hidden: 256, pooled: 3,
      input: [3, 32, 32], classes: 10),
  ]
  public static let miniatures = [
    "vgg": VGG(depths: [1, 1, 2], widths: [8, 12, 16], hidden: 32),
    "vgg_bn": VGG(depths: [1, 1, 2], norm: true, widths: [8, 12, 16], hidden: 32),
  ]

  /// Convolutions in each block.
  let depths: [Int]
  var norm = false
  package var widths = [64, 128, 256, 512, 512]
  package var hidden = 4096
  /// The side of the dense layers' input.
  var pooled = 7
  public internal(set) var input: Shape = [3, 224, 224]
  public internal(set) var classes = 1000

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
