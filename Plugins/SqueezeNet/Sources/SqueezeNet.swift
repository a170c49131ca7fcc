import ZooKit

/// AlexNet's accuracy with a fiftieth of its parameters: Forrest Iandola et al. 2016,
/// arXiv:1602.07360, table 1, and the authors' release 1.1, which needs 2.4 times fewer operations.
/// The names are torchvision's.
public struct SqueezeNet: Architecture {
  public static let name = "SqueezeNet"
  public static let paper = "Iandola et al. 2016, arXiv:1602.07360"
  public static let variants = [
    "squeezenet1_0": SqueezeNet(
      stem: 96, kernel: 7, fires: [[16, 16, 32], [32, 48, 48, 64], [64]]),
    "squeezenet1_1": SqueezeNet(
      stem: 64, kernel: 3, fires: [[16, 16], [32, 32], [48, 48, 64, 64]]),
  ]
  public static let miniatures = [
    "squeezenet": SqueezeNet(stem: 8, kernel: 3, fires: [[4, 4], [4], [6]])
  ]

  /// Channels and kernel of the first convolution.
  let stem: Int
  let kernel: Int
  /// The squeezed width of each module, in groups between pools.
  let fires: [[Int]]

  public func features(_ image: Node) -> Node {
    image.sequential("features") { image in
      let start = image.stage("stem") {
        $0.conv(to: stem, kernel: .init(kernel), stride: 2).relu()
          .maxPool(kernel: 3, stride: 2, ceiling: true)
      }
      return fires.indices.reduce(start) { x, group in
        x.stage("fire\(group + 1)") { x in
          let x = fires[group].reduce(x) { x, width in x.next { fire($0, squeeze: width) } }
          return group == fires.count - 1 ? x : x.maxPool(kernel: 3, stride: 2, ceiling: true)
        }
      }
    }
  }

  /// No dense layer: one map per class.
  public func head(_ features: Node, classes: Int) -> Node {
    features.sequential("classifier") {
      $0.dropout().conv(to: classes, kernel: 1).relu().globalAveragePool()
    }.flatten()
  }

  /// Section 3.1: squeeze to few channels, then expand to four times as many with each kernel.
  private func fire(_ x: Node, squeeze width: Int) -> Node {
    let few = x.conv("squeeze", to: width, kernel: 1).relu("squeeze_activation")
    return few.conv("expand1x1", to: 4 * width, kernel: 1).relu("expand1x1_activation").concatenate(
      few.conv("expand3x3", to: 4 * width, kernel: 3, padding: 1).relu("expand3x3_activation"))
  }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(SqueezeNet.self) }
