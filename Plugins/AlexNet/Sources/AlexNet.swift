import ZooKit

/// AlexNet in the one-tower form of Alex Krizhevsky 2014, arXiv:1404.5997, with torchvision's
/// widths and names; and a narrow version for pictures of 28 to 64 pixels.
public struct AlexNet: Architecture {
  public static let name = "AlexNet"
  public static let paper = "Krizhevsky 2014, arXiv:1404.5997"
  public static let variants = [
    "alexnet": AlexNet(),
    // The strides of the original would leave nothing of a small picture.
    "alexnet-small": AlexNet(
      widths: [32, 96, 128, 96, 96], hidden: 256, stem: (kernel: 5, stride: 1, padding: 2),
      pooled: 2,
      input: [3, 32, 32], classes: 10),
  ]
  public static let miniatures = ["alexnet": AlexNet(widths: [8, 12, 16, 16, 12], hidden: 32)]

  package var widths = [64, 192, 384, 256, 256]
  package var hidden = 4096
  var stem = (kernel: 11, stride: 4, padding: 2)
  /// The side of the dense layers' input.
  var pooled = 6
  public internal(set) var input: Shape = [3, 224, 224]
  public internal(set) var classes = 1000

  public func features(_ image: Node) -> Node {
    image.stage("features") {
      $0.sequential("features") {
        $0.conv(
          to: widths[0], kernel: .init(stem.kernel), stride: .init(stem.stride),
          padding: .init(stem.padding)
        ).relu()
          .maxPool(kernel: 3, stride: 2)
          .conv(to: widths[1], kernel: 5, padding: 2).relu()
          .maxPool(kernel: 3, stride: 2)
          .conv(to: widths[2], kernel: 3, padding: 1).relu()
          .conv(to: widths[3], kernel: 3, padding: 1).relu()
          .conv(to: widths[4], kernel: 3, padding: 1).relu()
          .maxPool(kernel: 3, stride: 2)
      }
    }
  }

  public func head(_ features: Node, classes: Int) -> Node {
    features.adaptiveAveragePool("avgpool", to: .init(pooled)).flatten().sequential("classifier") {
      $0.dropout().dense(to: hidden).relu()
        .dropout().dense(to: hidden).relu()
        .dense(to: classes)
    }
  }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(AlexNet.self) }
