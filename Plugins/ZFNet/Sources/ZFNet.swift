import ZooKit

/// AlexNet, revised after visualising its first layers: Matthew Zeiler and Rob Fergus 2013,
/// arXiv:1311.2901, figure 3. Smaller kernels and strides in the first layers keep details that
/// AlexNet loses.
///
/// The paper published no weights; layers are named as in the Caffe model of that name.
public struct ZFNet: Architecture {
  public static let name = "ZFNet"
  public static let paper = "Zeiler and Fergus 2013, arXiv:1311.2901"
  public static let variants = ["zfnet": ZFNet()]
  public static let miniatures = ["zfnet": ZFNet(widths: [8, 12, 16, 16, 12], hidden: 32)]

  var widths = [96, 256, 384, 384, 256]
  var hidden = 4096

  /// Maps of 110, 55, 26, 13, 13, 13 and 6 rows, as in the figure: padding of 1, and pools with
  /// windows that may end outside.
  public func features(_ image: Node) -> Node {
    image
      .stage("layer1") {
        contrast(
          pooled($0.conv("conv1", to: widths[0], kernel: 7, stride: 2, padding: 1).relu("relu1"), 1)
        )
      }
      .stage("layer2") {
        contrast(pooled($0.conv("conv2", to: widths[1], kernel: 5, stride: 2).relu("relu2"), 2))
      }
      .stage("layer3") { $0.conv("conv3", to: widths[2], kernel: 3, padding: 1).relu("relu3") }
      .stage("layer4") { $0.conv("conv4", to: widths[3], kernel: 3, padding: 1).relu("relu4") }
      .stage("layer5") {
        pooled($0.conv("conv5", to: widths[4], kernel: 3, padding: 1).relu("relu5"), 5)
      }
  }

  /// Pictures of other sizes than 224×224 are averaged to 6×6 positions.
  public func head(_ features: Node, classes: Int) -> Node {
    features.adaptiveAveragePool("avgpool", to: 6).flatten()
      .dense("fc6", to: hidden).relu("relu6").dropout("drop6")
      .dense("fc7", to: hidden).relu("relu7").dropout("drop7")
      .dense("fc8", to: classes)
  }

  private func pooled(_ x: Node, _ layer: Int) -> Node {
    x.maxPool("pool\(layer)", kernel: 3, stride: 2, ceiling: true)
  }

  /// “Contrast normalized across feature maps”, with the constants of Krizhevsky et al. 2012.
  private func contrast(_ x: Node) -> Node {
    x.localResponseNorm(size: 5, alpha: 1e-4, beta: 0.75, k: 2)
  }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(ZFNet.self) }
