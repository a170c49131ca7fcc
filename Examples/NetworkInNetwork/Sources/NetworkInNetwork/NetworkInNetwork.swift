import ZooKit

/// A small network instead of every filter, and one map per class instead of dense layers: Lin, Chen
/// and Yan 2013, arXiv:1312.4400, figure 2. Widths, pooling and names are those of the authors'
/// Caffe model for CIFAR-10.
public struct NetworkInNetwork: Architecture {
  public static let name = "NIN"
  public static let paper = "Lin, Chen and Yan 2013, arXiv:1312.4400"
  public static let variants = [
    "nin-cifar10": NetworkInNetwork(classes: 10), "nin-cifar100": NetworkInNetwork(classes: 100),
  ]

  public let input: Shape = [3, 32, 32]
  public let classes: Int

  public func features(_ image: Node) -> Node {
    image
      .stage("block1") {
        $0.conv("conv1", to: 192, kernel: 5, padding: 2).relu()
          .perceptron("cccp1", to: 160).perceptron("cccp2", to: 96)
          .maxPool(kernel: 3, stride: 2, ceiling: true).dropout()
      }
      .stage("block2") {
        $0.conv("conv2", to: 192, kernel: 5, padding: 2).relu()
          .perceptron("cccp3", to: 192).perceptron("cccp4", to: 192)
          .averagePool(kernel: 3, stride: 2, ceiling: true).dropout()
      }
      .stage("block3") {
        $0.conv("conv3", to: 192, kernel: 3, padding: 1).relu().perceptron("cccp5", to: 192)
      }
  }

  public func head(_ features: Node, classes: Int) -> Node {
    features.perceptron("cccp6", to: classes).globalAveragePool("pool3").flatten()
  }
}

extension Node {
  /// The same dense layer at every position.
  fileprivate func perceptron(_ name: String, to width: Int) -> Node {
    conv(name, to: width, kernel: 1).relu()
  }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(NetworkInNetwork.self) }
