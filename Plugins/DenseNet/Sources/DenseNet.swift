import ZooKit

/// Networks in which every layer reads all layers before it: Gao Huang, Zhuang Liu, Laurens van der
/// Maaten and Kilian Weinberger 2016, arXiv:1608.06993, table 1, with torchvision's names. For
/// small pictures, three blocks after a plain convolution (section 4.2: DenseNet-BC).
public struct DenseNet: Architecture {
  public static let name = "DenseNet"
  public static let paper = "Huang, Liu, van der Maaten and Weinberger 2016, arXiv:1608.06993"
  public static let variants = [
    "densenet121": DenseNet(depths: [6, 12, 24, 16], growth: 32),
    "densenet161": DenseNet(depths: [6, 12, 36, 24], growth: 48),
    "densenet169": DenseNet(depths: [6, 12, 32, 32], growth: 32),
    "densenet201": DenseNet(depths: [6, 12, 48, 32], growth: 32),
    "densenet28-16": DenseNet(depths: [4, 4, 4], growth: 16, isForSmallPictures: true),
  ]

  public static let miniatures = ["densenet": DenseNet(depths: [2, 2, 2], growth: 4)]

  /// Layers in each block.
  package var depths: [Int]
  /// Channels that every layer adds.
  let growth: Int
  /// About 32 pixels: nothing is downsampled before the first block.
  var isForSmallPictures = false

  public var input: Shape { isForSmallPictures ? [3, 32, 32] : [3, 224, 224] }
  public var classes: Int { isForSmallPictures ? 10 : 1000 }

  public func features(_ image: Node) -> Node {
    image.scope("features") { image in
      let stem = image.stage("stem") {
        isForSmallPictures
          ? $0.conv("conv0", to: 2 * growth, kernel: 3, padding: 1, bias: false)
          : $0.conv("conv0", to: 2 * growth, kernel: 7, stride: 2, padding: 3, bias: false)
            .batchNorm("norm0").relu("relu0").maxPool("pool0", kernel: 3, stride: 2, padding: 1)
      }
      let maps = (1...depths.count).reduce(stem) { x, block in
        let maps = x.stage("denseblock\(block)") {
          $0.scope("denseblock\(block)") { dense($0, layers: depths[block - 1]) }
        }
        guard block < depths.count else { return maps }
        return maps.stage("transition\(block)") {
          $0.scope("transition\(block)", transition)
        }
      }
      return maps.stage("norm") { $0.batchNorm("norm5").relu("relu5") }
    }
  }

  public func head(_ features: Node, classes: Int) -> Node {
    features.globalAveragePool("avgpool").flatten().dense("classifier", to: classes)
  }

  private func dense(_ maps: Node, layers: Int) -> Node {
    (1...layers).reduce(maps) { maps, index in
      let new = maps.scope("denselayer\(index)") {
        $0.batchNorm("norm1").relu("relu1").conv("conv1", to: 4 * growth, kernel: 1, bias: false)
          .batchNorm("norm2").relu("relu2")
          .conv("conv2", to: growth, kernel: 3, padding: 1, bias: false)
      }
      return maps.concatenate(new)
    }
  }

  /// Half the channels, half the size.
  private func transition(_ maps: Node) -> Node {
    maps.batchNorm("norm").relu("relu")
      .conv("conv", to: maps.shape.channels / 2, kernel: 1, bias: false)
      .averagePool("pool", kernel: 2)
  }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(DenseNet.self) }
