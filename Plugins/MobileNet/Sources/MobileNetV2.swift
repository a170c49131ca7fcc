import ZooKit

/// Inverted residuals: shortcuts between narrow maps, with wide maps in between. Mark Sandler et
/// al. 2018, arXiv:1801.04381, table 2, with torchvision's names.
public struct MobileNetV2: Architecture {
  public static let name = "MobileNetV2"
  public static let paper = "Sandler et al. 2018, arXiv:1801.04381"
  public static let variants = ["mobilenet_v2": MobileNetV2()]
  public static let miniatures = [
    "mobilenet_v2": MobileNetV2(
      stem: 8, rows: [Row(1, 8, 1, 1), Row(2, 12, 2, 2), Row(3, 16, 2, 2)], last: 32)
  ]

  /// Table 2: expansion, channels, number of blocks, and the stride of the first.
  package struct Row: Sendable {
    let expansion, width, blocks, stride: Int

    package init(_ expansion: Int, _ width: Int, _ blocks: Int, _ stride: Int) {
      (self.expansion, self.width, self.blocks, self.stride) = (expansion, width, blocks, stride)
    }
  }

  var stem = 32
  var rows = [
    Row(1, 16, 1, 1), Row(6, 24, 2, 2), Row(6, 32, 3, 2), Row(6, 64, 4, 2), Row(6, 96, 3, 1),
    Row(6, 160, 3, 2), Row(6, 320, 1, 1),
  ]
  var last = 1280

  public func features(_ image: Node) -> Node {
    image.sequential("features") { image in
      let start = image.stage("stem") { $0.unit(to: stem, kernel: 3, stride: 2) { $0.relu6() } }
      return rows.indices.reduce(start) { x, index in
        let row = rows[index]
        return x.stage("layer\(index + 1)") { x in
          (0..<row.blocks).reduce(x) { x, block in
            bottleneck(x, row, stride: block == 0 ? row.stride : 1)
          }
        }
      }
      .stage("last") { $0.unit(to: last) { $0.relu6() } }
    }
  }

  public func head(_ features: Node, classes: Int) -> Node {
    features.globalAveragePool("avgpool").flatten().sequential("classifier") {
      $0.dropout(rate: 0.2).dense(to: classes)
    }
  }

  /// Figure 4d; the output is linear (section 3.2).
  private func bottleneck(_ x: Node, _ row: Row, stride: Int) -> Node {
    x.next { x in
      let residual = x.sequential("conv") { narrow in
        let width = row.expansion * x.shape.channels
        let wide = row.expansion == 1 ? narrow : narrow.unit(to: width) { $0.relu6() }
        return wide.unit(to: width, kernel: 3, stride: stride, groups: width) { $0.relu6() }
          .conv(to: row.width, kernel: 1, bias: false).batchNorm()
      }
      return residual.shape == x.shape ? x.add(residual) : residual
    }
  }
}

extension Node {
  /// A convolution, its norm and its activation, numbered `0.0`, `0.1`, `0.2`.
  func unit(
    to width: Int, kernel: Int = 1, stride: Int = 1, groups: Int = 1, epsilon: Double? = nil,
    momentum: Float = 0.1, _ activation: (Node) -> Node
  ) -> Node {
    sequential {
      activation(
        $0.conv(
          to: width, kernel: .init(kernel), stride: .init(stride), padding: .init(kernel / 2),
          groups: groups, bias: false
        ).batchNorm(epsilon: epsilon, momentum: momentum))
    }
  }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(MobileNetV2.self) }
