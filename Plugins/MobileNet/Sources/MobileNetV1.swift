import ZooKit

/// Every convolution is split into a depthwise and a pointwise one: Andrew Howard et al. 2017,
/// arXiv:1704.04861, table 1, with the width multipliers of table 6. Names, padding and the
/// rectifier's limit of 6 follow the authors' weights, as in Keras.
public struct MobileNetV1: Architecture {
  public static let name = "MobileNetV1"
  public static let paper = "Howard et al. 2017, arXiv:1704.04861"
  public static let variants = [
    "mobilenet_v1": MobileNetV1(percent: 100), "mobilenet_v1_075": MobileNetV1(percent: 75),
    "mobilenet_v1_050": MobileNetV1(percent: 50), "mobilenet_v1_025": MobileNetV1(percent: 25),
  ]
  public static let miniatures = [
    "mobilenet_v1": MobileNetV1(percent: 25, rows: [[32], [64, 64], [64]])
  ]

  /// The width multiplier, in percent.
  let percent: Int
  /// Widths of the blocks; the first block of each row, except the first row, halves the map.
  var rows = [
    [64], [128, 128], [256, 256], [512, 512, 512, 512, 512, 512], [1024, 1024],
  ]

  public func features(_ image: Node) -> Node {
    // TensorFlow's “same” padding: the excess goes to the bottom and right.
    let (odd, size) = ((image.shape.height % 2, image.shape.width % 2), image.shape)
    let border = Window.Padding(
      top: odd.0, left: odd.1, bottom: size.height > 1 ? 1 : 0, right: size.width > 1 ? 1 : 0)
    let stem = image.stage("stem") {
      $0.conv("conv1", to: 32 * percent / 100, kernel: 3, stride: 2, padding: border, bias: false)
        .batchNorm("conv1_bn", epsilon: 1e-3).relu6("conv1_relu")
    }
    var index = 0
    return rows.indices.reduce(stem) { x, row in
      x.stage("layer\(row + 1)") { x in
        rows[row].indices.reduce(x) { x, place in
          index += 1
          return block(x, index, to: rows[row][place], halving: row > 0 && place == 0)
        }
      }
    }
  }

  public func head(_ features: Node, classes: Int) -> Node {
    features.globalAveragePool("pool").dropout("dropout", rate: 1e-3)
      .conv("conv_preds", to: classes, kernel: 1).flatten()
  }

  private func block(_ x: Node, _ index: Int, to width: Int, halving: Bool) -> Node {
    let border = halving ? Window.Padding(top: 0, left: 0, bottom: 1, right: 1) : 1
    return x.conv(
      "conv_dw_\(index)", to: x.shape.channels, kernel: 3, stride: halving ? 2 : 1, padding: border,
      groups: x.shape.channels, bias: false
    )
    .batchNorm("conv_dw_\(index)_bn", epsilon: 1e-3).relu6("conv_dw_\(index)_relu")
    .conv("conv_pw_\(index)", to: width * percent / 100, kernel: 1, bias: false)
    .batchNorm("conv_pw_\(index)_bn", epsilon: 1e-3).relu6("conv_pw_\(index)_relu")
  }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(MobileNetV1.self) }
