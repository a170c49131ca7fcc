import ZooKit

/// Modules with several kernel sizes in parallel: Christian Szegedy et al. 2014, arXiv:1409.4842,
/// table 1, in torchvision's form: a norm after every convolution, and 3×3 in place of the paper's
/// 5×5.
///
/// Two auxiliary heads (section 5) send gradients into the middle; only training computes them.
public struct GoogLeNet: Architecture {
  public static let name = "GoogLeNet"
  public static let paper = "Szegedy et al. 2014, arXiv:1409.4842"
  public static let variants = ["googlenet": GoogLeNet()]
  public static let miniatures = ["googlenet": GoogLeNet(shrunk: 8)]

  /// The divisor of every width.
  package let shrunk: Int

  package init(shrunk: Int = 1) { self.shrunk = shrunk }

  public func features(_ image: Node) -> Node { trunk(image).features }

  public func head(_ features: Node, classes: Int) -> Node {
    features.globalAveragePool("avgpool").flatten().dropout(rate: 0.2).dense("fc", to: classes)
  }

  public func outputs(_ image: Node, _ head: Head) -> KeyValuePairs<String, Node> {
    let (features, middle) = trunk(image)
    guard let classes = head.classes else { return ["features": features] }
    return [
      "logits": features.stage(Stage.head) { head.build(on: $0, original: self.head) },
      "aux1": side(middle[0], "aux1", classes), "aux2": side(middle[1], "aux2", classes),
    ]
  }

  /// The output of the trunk, and the inputs of the auxiliary heads.
  private func trunk(_ image: Node) -> (features: Node, middle: [Node]) {
    let stem = image.stage("stem") {
      unit(unit(pooled(unit($0, "conv1", 64, 7, stride: 2)), "conv2", 64), "conv3", 192, 3)
        .maxPool("maxpool2", kernel: 3, stride: 2, ceiling: true)
    }
    var middle: [Node] = []
    let features = Self.table.indices.reduce(stem) { x, row in
      x.stage("inception\(row + 3)") { x in
        let x = zip("abcde", Self.table[row]).reduce(x) { x, part in
          let x = x.scope("inception\(row + 3)\(part.0)") { inception($0, part.1) }
          if ["4a", "4d"].contains("\(row + 3)\(part.0)") { middle.append(x) }
          return x
        }
        let kernel: Window.Size = row == 0 ? 3 : 2
        return row == 2
          ? x : x.maxPool("maxpool\(row + 3)", kernel: kernel, stride: 2, ceiling: true)
      }
    }
    return (features, middle)
  }

  /// Table 1: 1×1; 3×3 reduced and full; 5×5 reduced and full; after the pool.
  private static let table: [[[Int]]] = [
    [[64, 96, 128, 16, 32, 32], [128, 128, 192, 32, 96, 64]],
    [
      [192, 96, 208, 16, 48, 64], [160, 112, 224, 24, 64, 64], [128, 128, 256, 24, 64, 64],
      [112, 144, 288, 32, 64, 64], [256, 160, 320, 32, 128, 128],
    ],
    [[256, 160, 320, 32, 128, 128], [384, 192, 384, 48, 128, 128]],
  ]

  private func inception(_ x: Node, _ widths: [Int]) -> Node {
    unit(x, "branch1", widths[0]).concatenate(
      unit(unit(x, "branch2.0", widths[1]), "branch2.1", widths[2], 3),
      unit(unit(x, "branch3.0", widths[3]), "branch3.1", widths[4], 3),
      unit(
        x.maxPool("branch4.0", kernel: 3, stride: 1, padding: 1, ceiling: true), "branch4.1",
        widths[5]))
  }

  private func side(_ map: Node, _ name: String, _ classes: Int) -> Node {
    map.stage(Stage.head) {
      $0.stage(Stage.auxiliary) {
        $0.scope(name) {
          unit($0.adaptiveAveragePool("pool", to: 4), "conv", 128).flatten()
            .dense("fc1", to: 1024 / shrunk).relu().dropout(rate: 0.7).dense("fc2", to: classes)
        }
      }
    }
  }

  private func pooled(_ x: Node) -> Node {
    x.maxPool("maxpool1", kernel: 3, stride: 2, ceiling: true)
  }

  private func unit(
    _ x: Node, _ name: String, _ width: Int, _ kernel: Int = 1, stride: Int = 1
  ) -> Node {
    x.scope(name) {
      $0.conv(
        "conv", to: width / shrunk, kernel: .init(kernel), stride: .init(stride),
        padding: .init(kernel / 2), bias: false
      ).batchNorm("bn", epsilon: 1e-3).relu()
    }
  }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(GoogLeNet.self) }
